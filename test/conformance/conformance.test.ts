import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { environmentRows } from './exporter/environment.js';
import { grpcExporterRows } from './exporter/grpc.js';
import { httpExporterRows } from './exporter/http.js';
import { httpAnswerRows as httpExporterAnswerRows } from './exporter/http-answers.js';
import { retryRows } from './exporter/retry.js';
import { securityRows } from './exporter/security.js';
import { grpcReceiverRows } from './receiver/grpc.js';
import { httpReceiverRows } from './receiver/http.js';
import { httpAnswerRows } from './receiver/http-answers.js';
import { jsonReceiverRows } from './receiver/json.js';
import type { Row } from './row.js';

const known = JSON.parse(readFileSync(new URL('./known-failures.json', import.meta.url), 'utf8')) as string[];

const rows: readonly Row[] = [
  ...httpReceiverRows,
  ...httpAnswerRows,
  ...jsonReceiverRows,
  ...grpcReceiverRows,
  ...httpExporterRows,
  ...httpExporterAnswerRows,
  ...grpcExporterRows,
  ...environmentRows,
  ...securityRows,
  ...retryRows,
];

describe('the OTLP specification', () => {
  test.each(rows.map((row) => [row.id, row.level, row.requirement, row] as const))(
    '%s: %s %s',
    async (_, __, ___, row) => {
      const failure: unknown = await row.check().then(
        () => undefined,
        (error) => error,
      );
      if (known.includes(row.id))
        expect(failure, `${row.id} is kept now: take it off known-failures.json`).toBeDefined();
      else if (failure !== undefined) throw failure;
    },
  );
});

test('every known failure is a row, and every row has a name of its own', () => {
  const ids = rows.map(({ id }) => id);
  expect(known.filter((id) => !ids.includes(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
});
