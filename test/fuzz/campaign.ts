import { setImmediate } from 'node:timers/promises';
import { Coverage } from './coverage.js';
import { Random } from './random.js';
import type { Target, Verdict } from './target.js';

/** How one campaign goes. */
export interface CampaignOptions {
  readonly runs: number;
  readonly seed: number;
  /** The part of the runs that looks for inputs which reach new code; 0 measures nothing. */
  readonly guided: number;
  /** One input in so many is compared in depth. */
  readonly deepEvery: number;
  readonly progress?: (done: number) => void;
}

/** An input that broke a promise. */
export interface Finding {
  readonly target: string;
  readonly input: Buffer;
  readonly what: string;
}

/** What a campaign came to. */
export interface CampaignResult {
  readonly target: string;
  runs: number;
  taken: number;
  refused: number;
  deep: number;
  /** Inputs that mutation started from: what it was given, and what reached new code. */
  seeds: number;
  grown: number;
  functions: number;
  slowestMs: number;
  slowest: Buffer;
  readonly findings: Finding[];
}

const batchSize = 128;
const enough = 20;
const progressEvery = 5000;

/** Feeds a target with mutants of a corpus that grows by what reaches new code. */
export class Campaign {
  private readonly target: Target;
  private readonly options: CampaignOptions;
  private readonly random: Random;
  private readonly corpus: Buffer[];
  readonly result: CampaignResult;

  constructor(target: Target, options: CampaignOptions) {
    this.target = target;
    this.options = options;
    this.random = new Random(options.seed);
    this.corpus = target.seeds(this.random);
    this.result = {
      target: target.name,
      ...{ runs: 0, taken: 0, refused: 0, deep: 0, seeds: this.corpus.length, grown: 0, functions: 0, slowestMs: 0 },
      slowest: Buffer.alloc(0),
      findings: [],
    };
  }

  async run(): Promise<CampaignResult> {
    const { runs, guided } = this.options;
    for (const seed of this.corpus) await this.feed(seed, true);
    if (guided > 0) await this.explore(Math.ceil(runs * guided));
    while (this.result.runs < runs && this.result.findings.length < enough) await this.feed(this.mutant(), false);
    return this.result;
  }

  private mutant(): Buffer {
    const { corpus, random } = this;
    // What was found last is what the others have not led to yet.
    const fresh = random.below(3) === 0 ? Math.max(0, corpus.length - 64) : 0;
    const input = corpus[fresh + random.below(corpus.length - fresh)] as Buffer;
    return this.target.mutate(input, random.pick(corpus), random);
  }

  private async explore(until: number): Promise<void> {
    const coverage = new Coverage();
    for (const seed of this.corpus) await this.feed(seed, false);
    coverage.isNews(true);
    while (this.result.runs < until && this.result.findings.length < enough) {
      const batch = Array.from({ length: batchSize }, () => this.mutant());
      await this.keepNews(batch, coverage);
    }
    this.result.functions = coverage.seen.functions;
    coverage.stop();
  }

  /** Runs a batch; when it was news, its halves again, down to the single inputs that made it so. */
  private async keepNews(batch: readonly Buffer[], coverage: Coverage): Promise<void> {
    for (const input of batch) await this.feed(input, false);
    if (!coverage.isNews(batch.length === 1)) return;
    if (batch.length === 1) {
      this.corpus.push(...batch);
      this.result.grown++;
      return;
    }
    const middle = batch.length >> 1;
    await this.keepNews(batch.slice(0, middle), coverage);
    await this.keepNews(batch.slice(middle), coverage);
  }

  private async feed(input: Buffer, alwaysDeep: boolean): Promise<void> {
    const { result, target } = this;
    const isDeep = alwaysDeep || result.runs % this.options.deepEvery === 0;
    result.runs++;
    if (isDeep) result.deep++;
    // Targets own what they are fed and may edit it in place.
    const own = Buffer.from(input);
    const began = performance.now();
    try {
      const verdict: Verdict | Promise<Verdict> = target.run(own, isDeep);
      result[typeof verdict === 'string' ? verdict : await verdict]++;
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      result.findings.push({ target: target.name, input, what });
    }
    const took = performance.now() - began;
    if (took > result.slowestMs && result.runs > 2000) {
      result.slowestMs = took;
      result.slowest = input;
    }
    if (result.runs % progressEvery !== 0) return;
    this.options.progress?.(result.runs);
    // Inputs that are fed without waiting leave the event loop no turn of its own, and so none to hear that one may stop.
    await setImmediate();
  }
}
