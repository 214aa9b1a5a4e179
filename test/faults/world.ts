import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Random, random } from '@otelier/testing';
import { freePort, type StartOptions, Victim } from '../totals/faults/victim.js';
import { Backend, calm } from './backend.js';
import { Certificates } from './certificates.js';
import { Ledger } from './ledger.js';
import { type FileOptions, pipelineFile } from './pipeline-file.js';
import { type Doors, Senders } from './senders.js';

/** Senders, a collector and a backend, each of which can be hurt. */
export class World {
  readonly random: Random;
  readonly ledger: Ledger = new Ledger();
  readonly backend: Backend;
  readonly senders: Senders;
  readonly collector: Victim;
  readonly folder: string;
  readonly doors: Doors;
  /** Undefined where nobody speaks TLS. */
  readonly certificates: Certificates | undefined;
  private started: StartOptions = {};

  private constructor(source: Random, folder: string, doors: Doors, certificates: Certificates | undefined) {
    this.random = source;
    this.folder = folder;
    this.doors = doors;
    this.certificates = certificates;
    this.backend = new Backend(this.ledger, source.fork());
    this.senders = new Senders(this.ledger, doors, certificates?.ca);
    this.collector = new Victim(folder, this.file);
  }

  static async open(seed: number, tls = false): Promise<World> {
    const doors = { http: await freePort(), grpc: await freePort() };
    const folder = mkdtempSync(join(tmpdir(), 'otelier-faults-'));
    const world = new World(random(seed), folder, doors, tls ? await Certificates.in(folder) : undefined);
    await world.backend.open();
    return world;
  }

  /** Puts the pipeline file there, at once and whole. */
  write(options?: FileOptions): void {
    writeFileSync(
      `${this.file}.new`,
      pipelineFile(this.doors, this.backend.endpoint, { ...options, receiver: this.certificates?.option ?? '' }),
    );
    renameSync(`${this.file}.new`, this.file);
  }

  /** Starts the collector, as it was started last unless told otherwise. */
  async start(options: StartOptions = this.started): Promise<void> {
    this.started = options;
    await this.collector.start(options);
  }

  /** Ends the collector as a crash does. */
  async kill(): Promise<void> {
    await this.collector.kill();
    this.ledger.crashed();
  }

  /** Waits until about so many more records were answered with 200. */
  acknowledged(count: number): Promise<void> {
    const from = this.ledger.acknowledgements;
    return this.until(() => this.ledger.acknowledgements >= from + count, 'answers 200');
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

  /** Lets everything come to its end: nobody sends, the backend takes all, the collector delivers what it has. */
  async settle(): Promise<void> {
    await this.senders.stop();
    this.backend.moods = calm;
    await this.backend.open();
    for (let starts = 0; starts < 20; starts++) {
      const said = this.collector.says('"stopped"');
      await this.collector.stop();
      if ((JSON.parse(await said) as { kept: number }).kept === 0) return;
      await this.start({});
    }
    this.ledger.problems.add('the collector keeps records that it does not deliver');
  }

  async close(): Promise<void> {
    await this.collector.kill();
    await this.senders.stop();
    await this.backend.close();
    rmSync(this.folder, { recursive: true, force: true });
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
