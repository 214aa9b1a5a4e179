import { type AttributesData, buildMetrics, type MetricData, type NumberPointData } from '@otelier/otlp';
import { Counter, type Numbers } from './counter.js';
import type { Random } from './random.js';

/** Who runs an agent. */
export interface Developer {
  readonly userId: string;
  readonly accountUuid: string;
  readonly email: string;
  readonly team: string;
  readonly organizationId: string;
  readonly terminal: string;
}

/** How a process counts and exports. */
export interface ProcessSettings {
  readonly temporality: 'delta' | 'cumulative';
  readonly numbers: Numbers;
  readonly version: string;
}

/** Names, descriptions and units as the client sends them. */
const instruments: Readonly<Record<string, readonly [description: string, unit: string]>> = {
  'claude_code.session.count': ['Count of CLI sessions started', ''],
  'claude_code.token.usage': ['Number of tokens used', 'tokens'],
  'claude_code.cost.usage': ['Cost of the Claude Code session', 'USD'],
  'claude_code.lines_of_code.count': [
    "Count of lines of code modified, with the 'type' attribute indicating whether lines were added or removed and the 'model' attribute indicating which model made the change",
    '',
  ],
  'claude_code.code_edit_tool.decision': [
    'Count of code editing tool permission decisions (accept/reject) for Edit, Write, and NotebookEdit tools',
    '',
  ],
  'claude_code.active_time.total': ['Total active time in seconds', 's'],
  'claude_code.commit.count': ['Number of git commits created', ''],
  'claude_code.pull_request.count': ['Number of pull requests created', ''],
};

/** Dollars per million tokens: input, output, cache read, cache creation. */
const prices: Readonly<Record<string, readonly [number, number, number, number]>> = {
  'claude-opus-5-5': [5, 25, 0.5, 6.25],
  'claude-sonnet-5': [3, 15, 0.3, 3.75],
  'claude-haiku-4-5-20251001': [1, 5, 0.1, 1.25],
};
const tokenTypes = ['input', 'output', 'cacheRead', 'cacheCreation'] as const;

/** The counters of one run of the agent; a resumed session is a new one with the same `session.id`. */
export class AgentProcess {
  readonly settings: ProcessSettings;
  private readonly counters = new Map<string, Counter>();
  private readonly common: AttributesData;
  private readonly resource: AttributesData;

  constructor(developer: Developer, sessionId: string, settings: ProcessSettings) {
    this.settings = settings;
    this.common = {
      'team.id': developer.team,
      'user.id': developer.userId,
      'session.id': sessionId,
      'organization.id': developer.organizationId,
      'user.email': developer.email,
      'user.account_uuid': developer.accountUuid,
      'user.account_id': developer.accountUuid,
      'anthropic.provider': 'firstParty',
      'anthropic.custom_base_url': false,
      'terminal.type': developer.terminal,
    };
    this.resource = {
      'team.id': developer.team,
      'host.arch': 'amd64',
      'os.type': 'linux',
      'os.version': '6.8.0',
      'service.name': 'claude-code',
      'service.version': settings.version,
    };
  }

  started(type: 'fresh' | 'resume', at: number): void {
    this.count('session.count', { start_type: type }, 1, at);
  }

  /** One request to the model by the main agent or a subagent. */
  modelCall(from: 'main' | 'subagent', model: string, random: Random, at: number): void {
    const counts = [
      random.between(1, 2_000),
      random.between(1, 1_500),
      random.between(0, 90_000),
      random.chance(0.6) ? random.between(1, 8_000) : 0,
    ];
    const own = { model, query_source: from, effort: 'medium' };
    for (const [index, type] of tokenTypes.entries()) this.count('token.usage', { ...own, type }, counts[index]!, at);
    const usd = counts.reduce((sum, count, index) => sum + (count * prices[model]![index]!) / 1e6, 0);
    this.measure('cost.usage', own, usd, at);
  }

  /** A tool that wrote a file, and now and then what follows from that. */
  edit(model: string, random: Random, at: number): void {
    const language = random.pick(['TypeScript', 'Python', 'Go', 'Markdown']);
    const decision = random.chance(0.9) ? 'accept' : 'reject';
    const own = { decision, source: decision === 'accept' ? 'config' : 'user_reject', tool_name: 'Edit', language };
    this.count('code_edit_tool.decision', own, 1, at);
    if (decision === 'reject') return;
    this.count('lines_of_code.count', { type: 'added', model }, random.between(1, 120), at);
    this.count('lines_of_code.count', { type: 'removed', model }, random.between(0, 60), at);
    if (random.chance(0.15)) this.count('commit.count', {}, 1, at);
    if (random.chance(0.03)) this.count('pull_request.count', {}, 1, at);
  }

  active(type: 'user' | 'cli', seconds: number, at: number): void {
    this.measure('active_time.total', { type }, seconds, at);
  }

  /** The request of one export: what changed (delta), or every series (cumulative); undefined when there is nothing to say. */
  collect(at: number): { readonly bytes: Buffer; readonly points: readonly CollectedPoint[] } | undefined {
    const { temporality, version } = this.settings;
    const byMetric = new Map<string, NumberPointData[]>();
    const points: CollectedPoint[] = [];
    for (const counter of this.counters.values()) {
      const point = temporality === 'delta' ? counter.delta(at) : counter.cumulative(at);
      if (point === undefined) continue;
      const siblings = byMetric.get(counter.metric);
      if (siblings === undefined) byMetric.set(counter.metric, [point]);
      else siblings.push(point);
      points.push({ counter, value: point.value! });
    }
    if (points.length === 0) return undefined;
    const metrics = [...byMetric].map(([name, own]): MetricData => {
      const [description, unit] = instruments[name]!;
      return { name, description, unit, sum: { temporality, monotonic: true, points: own } };
    });
    const scope = { name: 'com.anthropic.claude_code', version };
    const batch = buildMetrics([{ resource: { attributes: this.resource }, scope, metrics }]);
    return { bytes: Buffer.from(batch.bytes()), points };
  }

  /** Attributes of the resource, for the truth by series. */
  get resourceAttributes(): AttributesData {
    return this.resource;
  }

  private count(name: string, own: AttributesData, amount: number, at: number): void {
    // Large enough that a few add up to what a double cannot hold, small enough for a day in 64 bits.
    this.add(name, own, this.settings.numbers === 'int' ? BigInt(amount) * 4_294_967_297n : amount, at);
  }

  private measure(name: string, own: AttributesData, amount: number, at: number): void {
    this.add(name, own, amount, at);
  }

  private add(name: string, own: AttributesData, amount: number | bigint, at: number): void {
    const metric = `claude_code.${name}`;
    const key = `${metric} ${Object.values(own).join(' ')}`;
    let counter = this.counters.get(key);
    if (counter === undefined) {
      counter = new Counter(metric, { ...this.common, ...own }, at, typeof amount === 'bigint' ? 0n : 0);
      this.counters.set(key, counter);
    }
    counter.add(amount, at);
  }
}

/** A point that was put into a request. */
export interface CollectedPoint {
  readonly counter: Counter;
  readonly value: number | bigint;
}
