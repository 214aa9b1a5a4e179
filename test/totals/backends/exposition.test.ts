import { expect, test } from 'vitest';
import { exposition, onWay, prometheusName } from './exposition.js';

test('names are those that Prometheus users of Claude Code know', () => {
  expect(prometheusName('claude_code.token.usage')).toBe('claude_code_token_usage_tokens_total');
  expect(prometheusName('claude_code.cost.usage')).toBe('claude_code_cost_usage_USD_total');
  expect(prometheusName('claude_code.active_time.total')).toBe('claude_code_active_time_seconds_total');
  expect(prometheusName('claude_code.lines_of_code.count')).toBe('claude_code_lines_of_code_count_total');
});

test('metrics stand together, with the labels that tell series apart', () => {
  const samples = [{ at: 1_500, value: 2 }];
  const series = [
    { metric: 'a.b', labels: { 'os.type': 'linux', type: 'x' }, samples },
    { metric: 'c', labels: { 'os.type': 'linux', type: 'x' }, samples },
    { metric: 'a.b', labels: { 'os.type': 'linux', type: 'a "y"' }, samples },
  ];
  expect([...exposition(onWay(series, 'w'), 'seconds')].join('')).toBe(
    [
      '# TYPE a_b counter',
      'a_b_total{type="x",way="w"} 2 1.5',
      String.raw`a_b_total{type="a \"y\"",way="w"} 2 1.5`,
      '# TYPE c counter',
      'c_total{type="x",way="w"} 2 1.5',
      '# EOF',
      '',
    ].join('\n'),
  );
});
