import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Random, random } from '@otelier/testing';
import { freePort, type StartOptions, Victim } from '../totals/faults/victim.js';
import { type Backend, calm } from './backend.js';
import { Certificates } from './certificates.js';
import type { Fault } from './fault.js';
import { readFiles } from './files.js';
import { GrpcBackend } from './grpc-backend.js';
import { HttpBackend } from './http-backend.js';
import { Ledger } from './ledger.js';
import { type FileOptions, pipelineFile } from './pipeline-file.js';
import { type Doors, Senders } from './senders.js';

/** What the two ends speak. */
interface Ends {
  readonly certificates: Certificates | undefined;
  readonly backend: 'grpc' | undefined;
  readonly ledger: Ledger;
}

/** Senders, a collector and a backend, each of which can be hurt. */
export class World {
  readonly random: Random;
  readonly ledger: Ledger;
  readonly backend: Backend;
  readonly senders: Senders;
  readonly collector: Victim;
  readonly folder: string;
  readonly doors: Doors;
  /** Undefined where nobody speaks TLS. */
  readonly certificates: Certificates | undefined;
  private readonly protocol: 'http/protobuf' | 'grpc';
  /** How long the last start took that came to its end, in milliseconds. */
  startMs = 300;
  /** How often what happened, for a fault in which several things may. */
  readonly notes: Map<string, number> = new Map();
  /** How the collector is started unless told otherwise. */
  started: StartOptions = {};

  private constructor(source: Random, folder: string, doors: Doors, { certificates, backend, ledger }: Ends) {
    this.ledger = ledger;
    this.random = source;
    this.folder = folder;
    this.doors = doors;
    this.certificates = certificates;
    this.protocol = backend === 'grpc' ? 'grpc' : 'http/protobuf';
    this.backend = new (backend === 'grpc' ? GrpcBackend : HttpBackend)(this.ledger, source.fork());
    this.senders = new Senders(this.ledger, doors, certificates?.ca);
    this.collector = new Victim(folder, this.file);
  }

  /** @param tls - whether clients speak it. */
  static async open(
    seed: number,
    { tls, backend, forgetsMs }: Pick<Fault, 'tls' | 'backend' | 'forgetsMs'> = {},
  ): Promise<World> {
    const doors = { http: await freePort(), grpc: await freePort() };
    const folder = mkdtempSync(join(tmpdir(), 'otelier-faults-'));
    const certificates = tls === true ? await Certificates.in(folder) : undefined;
    const world = new World(random(seed), folder, doors, { certificates, backend, ledger: new Ledger(forgetsMs) });
    await world.backend.open();
    return world;
  }

  /** Puts the pipeline file there, at once and whole. */
  write(options?: FileOptions): void {
    writeFileSync(
      `${this.file}.new`,
      pipelineFile(this.doors, this.backend.endpoint, {
        ...options,
        protocol: this.protocol,
        receiver: this.certificates?.option ?? '',
      }),
    );
    renameSync(`${this.file}.new`, this.file);
  }

  /** Starts the collector, as it was last unless told otherwise. */
  async start(options: StartOptions = this.started): Promise<void> {
    this.started = options;
    const began = performance.now();
    await this.collector.start(options);
    this.startMs = performance.now() - began;
  }

  /** Ends the collector as a crash does. */
  async kill(): Promise<void> {
    if (await this.collector.kill()) this.ledger.crashed();
  }

  /** Counts what has happened. */
  note(what: string): void {
    this.notes.set(what, (this.notes.get(what) ?? 0) + 1);
  }

  /** Waits until about so many more records were answered with 200. */
  acknowledged(count: number): Promise<void> {
    const from = this.ledger.acknowledgements;
    return this.until(() => this.ledger.acknowledgements >= from + count, 'answers 200');
  }

  /** Waits until so many more requests were refused for now. */
  refused(count: number): Promise<void> {
    const from = this.ledger.refusals;
    return this.until(() => this.ledger.refusals >= from + count, 'refuses anything');
  }

  /** Waits until about so many more records were delivered. */
  arrived(count: number): Promise<void> {
    const from = this.ledger.arrivals;
    return this.until(() => this.ledger.arrivals >= from + count, 'delivers');
  }

  /** The file in which everything is that was accepted. */
  get store(): string {
    return join(this.folder, 'data', 'state', 'data.mdb');
  }

  /** The file in which everything is that the file exporter has delivered. */
  get lines(): string {
    return join(this.folder, 'out', 'logs.jsonl');
  }

  /** Lets everything come to its end: nobody sends, the backend takes all, the collector delivers what it has. */
  async settle(): Promise<void> {
    await this.senders.stop();
    this.backend.moods = calm;
    await this.backend.open();
    if (!this.collector.runs) await this.start({});
    for (let starts = 0; starts < 20; starts++) {
      const said = this.collector.says('"stopped"');
      await this.collector.stop();
      if ((JSON.parse(await said) as { kept: number }).kept === 0) {
        if (existsSync(this.lines)) readFiles(dirname(this.lines), this.ledger);
        return;
      }
      await this.start({});
    }
    this.ledger.problems.add('the collector keeps records that it does not deliver');
  }

  /** @param keep - leaves the folder with pipeline file and store, for whoever looks for the cause of a failure. */
  async close(keep = false): Promise<void> {
    await this.collector.kill();
    await this.senders.stop();
    await this.backend.close();
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }

  private get file(): string {
    return join(this.folder, 'pipeline.config.ts');
  }

  private async until(reached: () => boolean, what: string): Promise<void> {
    const patience = Date.now() + 60_000;
    while (!reached()) {
      if (Date.now() > patience) throw new Error(`the collector is there and no longer ${what}`);
      await wait(2);
    }
  }
}
