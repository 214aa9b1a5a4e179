import { type FieldClass, fieldClasses, type Signal } from '@otelier/core';
import { type CapturedRequest, captures } from '@otelier/testing';
import { describe, expect, test } from 'vitest';
import { type Catalogue, claudeCode, type FieldDefinition, type Fields, fieldsByName } from './catalogue.js';

interface Value {
  readonly [kind: string]: unknown;
}
interface Pair {
  readonly key: string;
  readonly value: Value;
}
interface Json {
  readonly [key: string]: unknown;
  readonly name: string;
  readonly attributes?: readonly Pair[];
}
const kinds: Record<string, FieldDefinition['type'][]> = {
  stringValue: ['string', 'json'],
  intValue: ['int'],
  doubleValue: ['double'],
  boolValue: ['bool'],
  arrayValue: ['array'],
  kvlistValue: ['map'],
  bytesValue: ['bytes'],
};

/** Every attribute of a request with the fields that the catalogue has for its place. */
function* attributes(captured: CapturedRequest): Iterable<[place: string, fields: Fields, pair: Pair]> {
  const { signal } = captured;
  const request = JSON.parse(captured.batch().toJson()) as Json;
  const list = (json: Json, key: string) => (json[key] ?? []) as readonly Json[];
  const upper = { logs: 'Logs', metrics: 'Metrics', traces: 'Spans' }[signal];
  for (const resource of list(request, `resource${upper}`)) {
    yield* all('resource', claudeCode.resource, resource.resource as Json);
    for (const scope of list(resource, `scope${upper}`)) {
      yield* all('scope', {}, scope.scope as Json | undefined);
      for (const item of list(scope, { logs: 'logRecords', metrics: 'metrics', traces: 'spans' }[signal])) {
        yield* items[signal](item);
      }
    }
  }
}

function* all(place: string, fields: Fields, item: Json | undefined): Iterable<[string, Fields, Pair]> {
  for (const pair of item?.attributes ?? []) yield [place, fields, pair];
}

const items: Record<Signal, (item: Json) => Iterable<[string, Fields, Pair]>> = {
  *logs(record) {
    const name = String(record.attributes?.find(({ key }) => key === 'event.name')?.value.stringValue);
    yield* all(name, { ...claudeCode.common, ...claudeCode.events[name]?.fields }, record);
  },
  *metrics(metric) {
    const definition = claudeCode.metrics[metric.name];
    expect([metric.name, definition?.unit]).toEqual([metric.name, metric.unit]);
    const { dataPoints } = metric.sum as { dataPoints: readonly Json[] };
    for (const point of dataPoints) yield* all(metric.name, { ...claudeCode.common, ...definition?.fields }, point);
  },
  *traces(span) {
    const fields = { ...claudeCode.common, ...claudeCode.spans };
    yield* all(span.name, fields, span);
    for (const event of (span.events ?? []) as readonly Json[]) yield* all(event.name, fields, event);
  },
};

describe('what was recorded', () => {
  test.each(
    captures().map((capture) => [`${capture.version} ${capture.scenario} ${capture.protocol}`, capture] as const),
  )('%s is described, name and type', (_, { version, requests }) => {
    const unknown: string[] = [];
    let count = 0;
    for (const request of requests) {
      for (const [place, fields, { key, value }] of attributes(request)) {
        count++;
        const [kind = 'none'] = Object.keys(value);
        const { type, textUntil } = fields[key] ?? {};
        const old = kind === 'stringValue' && textUntil !== undefined && version === '2.1.9';
        if (type === undefined || !(old || kinds[kind]?.includes(type))) unknown.push(`${place}: ${key} ${kind}`);
      }
    }
    expect(unknown).toEqual([]);
    expect(count).toBeGreaterThan(20);
  });

  test('has members of JSON payloads that are described by name', () => {
    const seen = new Set<string>();
    for (const { requests } of captures()) {
      for (const request of requests) {
        for (const [place, fields, { key, value }] of attributes(request)) {
          if (fields[key]?.type !== 'json') continue;
          for (const name of Object.keys(JSON.parse(String(value.stringValue)) as object)) {
            seen.add(name);
            expect(fields[key].members, `${place}: ${key}.${name}`).toHaveProperty([name]);
          }
        }
      }
    }
    expect([...seen]).toEqual(expect.arrayContaining(['full_command', 'description', 'file_path', 'git_branch']));
  });
});

const standard = ['session.id', 'app.version', 'organization.id', 'user.account_uuid', 'terminal.type'];
/** The monitoring page of January 2026, event by event and metric by metric. */
const documented: Record<string, string> = {
  user_prompt: 'event.name event.timestamp prompt_length prompt',
  tool_result: 'event.name event.timestamp tool_name success duration_ms error decision source tool_parameters',
  api_request:
    'event.name event.timestamp model cost_usd duration_ms input_tokens output_tokens cache_read_tokens cache_creation_tokens',
  api_error: 'event.name event.timestamp model error status_code duration_ms attempt',
  tool_decision: 'event.name event.timestamp tool_name decision source',
  'claude_code.session.count': '',
  'claude_code.lines_of_code.count': 'type',
  'claude_code.pull_request.count': '',
  'claude_code.commit.count': '',
  'claude_code.cost.usage': 'model',
  'claude_code.token.usage': 'type model',
  'claude_code.code_edit_tool.decision': 'tool decision language',
  'claude_code.active_time.total': '',
};

describe('what was documented', () => {
  test.each(Object.entries(documented))('%s is described', (name, own) => {
    const definition = claudeCode.events[name] ?? claudeCode.metrics[name];
    const known = Object.keys({ ...claudeCode.common, ...definition?.fields });
    expect(known).toEqual(expect.arrayContaining([...standard, ...own.split(' ').filter(Boolean)]));
  });

  test('resource attributes and payloads are described', () => {
    const client = ['service.name', 'service.version', 'os.type', 'os.version', 'host.arch', 'wsl.version'];
    const examples = ['department', 'team.id', 'cost_center', 'org.name', 'user.organizationName'];
    expect(Object.keys(claudeCode.resource)).toEqual(expect.arrayContaining([...client, ...examples]));
    const bash = ['bash_command', 'full_command', 'timeout', 'description', 'sandbox'];
    const { members } = claudeCode.events.tool_result!.fields.tool_parameters!;
    expect(Object.keys(members!)).toEqual(expect.arrayContaining(bash));
  });
});

/** Where canaries turned up in recordings of each setting, and what people said that they need: nothing here may change by accident. */
const privacy: [FieldClass, string][] = [
  ['content', 'prompt prompt_text user_prompt new_context response response.model_output system_prompt body body_ref'],
  ['content', 'tool_parameters tool_input full_command bash_command file_path content diff output'],
  ['content', 'error hook_definitions workspace.host_paths managed_settings.settings'],
  ['identity', 'user.id user.email user.account_uuid user.account_id organization.id host.name host.id'],
  ['identity', 'vcs.repository.url.full vcs.owner.name org.name'],
  ['label', 'skill.name agent.name agent_type plugin.name mcp_server.name mcp_tool.name vcs.ref.head.name'],
  [
    'label',
    'event.name tool_name model decision source success duration_ms cost_usd type language effort query_source',
  ],
  ['label', 'input_tokens output_tokens cache_read_tokens cache_creation_tokens error_type error_class status_code'],
  ['label', 'session.id prompt.id request_id tool_use_id team.id department cost_center'],
];
const members: [FieldClass, string][] = [
  ['content', 'bash_command full_command description command file_path content old_string new_string'],
  ['content', 'pattern query url prompt args path new_source notebook_path'],
  ['label', 'timeout mcp_server_name mcp_tool_name skill_name subagent_type git_branch git_commit_id skill'],
];

describe('classes', () => {
  const fields = fieldsByName(claudeCode);
  const inside: Record<string, FieldDefinition> = {
    ...fields.get('tool_input')?.members,
    ...fields.get('tool_parameters')?.members,
  };

  test.each(privacy.flatMap(([own, names]) => names.split(' ').map((name) => [name, own] as const)))(
    '%s is %s',
    (name, own) => {
      expect(fields.get(name)?.class).toBe(own);
    },
  );

  test.each(members.flatMap(([own, names]) => names.split(' ').map((name) => [name, own] as const)))(
    '%s inside a payload is %s',
    (name, own) => {
      expect(inside[name]?.class).toBe(own);
    },
  );
});

test('definitions have no members that nobody reads', () => {
  const known = ['class', 'type', 'since', 'until', 'textUntil', 'members'];
  const look = (fields: Fields): void => {
    for (const [name, field] of Object.entries(fields)) {
      expect(known, name).toEqual(expect.arrayContaining(Object.keys(field)));
      look(field.members ?? {});
    }
  };
  const { resource, common, events, metrics, spans } = claudeCode;
  for (const { fields } of [...Object.values(events), ...Object.values(metrics)]) look(fields);
  for (const fields of [resource, common, spans]) look(fields);
});

describe('fieldsByName', () => {
  const [open, guarded] = [fieldClasses.slice(0, -1), fieldClasses.slice(1)];
  test.each(open.flatMap((low) => guarded.filter((high) => high !== low).map((high) => [low, high] as const)))(
    'the more guarded of %s and %s counts, wherever it stands',
    (one, other) => {
      const expected = fieldClasses[Math.max(fieldClasses.indexOf(one), fieldClasses.indexOf(other))];
      const field = (own: FieldClass): Fields => ({ x: { class: own, type: 'string' } });
      const empty: Catalogue = { ...claudeCode, resource: {}, common: {}, events: {}, metrics: {}, spans: {} };
      const places: ((own: FieldClass) => Partial<Catalogue>)[] = [
        (own) => ({ resource: field(own) }),
        (own) => ({ common: field(own) }),
        (own) => ({ events: { e: { fields: field(own) } } }),
        (own) => ({ metrics: { m: { unit: '', fields: field(own) } } }),
        (own) => ({ spans: field(own) }),
      ];
      for (const first of places) {
        for (const second of places) {
          if (first === second) continue;
          expect(fieldsByName({ ...empty, ...first(one), ...second(other) }).get('x')?.class).toBe(expected);
        }
      }
    },
  );

  test('puts the members of payloads together, and knows JSON when one place has it', () => {
    const tools = { class: 'content', type: 'json', members: { a: { class: 'label', type: 'string' } } } as const;
    const other = {
      class: 'label',
      type: 'string',
      members: { a: { class: 'content', type: 'string' }, b: { class: 'label', type: 'int' } },
    } as const;
    const merged = fieldsByName({ ...claudeCode, resource: { x: other }, spans: { x: tools } }).get('x');
    expect(merged).toMatchObject({ class: 'content', type: 'json' });
    expect(Object.entries(merged?.members ?? {}).map(([name, field]) => [name, field.class])).toEqual([
      ['a', 'content'],
      ['b', 'label'],
    ]);
  });
});
