import { expectTypeOf, test } from 'vitest';
import type { EventName, FieldName, MetricName } from './catalogue.js';

test('names are known to the compiler', () => {
  expectTypeOf<'tool_result'>().toExtend<EventName>();
  expectTypeOf<'claude_code.token.usage'>().toExtend<MetricName>();
  expectTypeOf<'tool_input' | 'session.id'>().toExtend<FieldName<'tool_result'>>();
  expectTypeOf<'query_source'>().toExtend<FieldName<'claude_code.token.usage'>>();
  // @ts-expect-error: a prompt has no tool
  expectTypeOf<'tool_name'>().toExtend<FieldName<'user_prompt'>>();
  // @ts-expect-error: not an event
  expectTypeOf<'tool_results'>().toExtend<EventName>();
});
