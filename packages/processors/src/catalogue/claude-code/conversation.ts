/** What was asked and answered. */
export const conversation = {
  user_prompt: {
    fields: {
      prompt_length: { class: 'label', type: 'string' },
      prompt: { class: 'content', type: 'string' },
      prompt_text: { class: 'content', type: 'string', since: '2.1.330' },
      'message.uuid': { class: 'label', type: 'string', since: '2.1.250' },
      command_name: { class: 'label', type: 'string', since: '2.1.330' },
      command_source: { class: 'label', type: 'string', since: '2.1.330' },
    },
  },
  assistant_response: {
    since: '2.1.200',
    fields: {
      response: { class: 'content', type: 'string' },
      response_length: { class: 'label', type: 'int' },
      model: { class: 'label', type: 'string' },
      request_id: { class: 'label', type: 'string' },
      'message.uuid': { class: 'label', type: 'string' },
      query_source: { class: 'label', type: 'string' },
      agent_id: { class: 'label', type: 'string', since: '2.1.330' },
    },
  },
  compaction: {
    since: '2.1.330',
    fields: {
      trigger: { class: 'label', type: 'string' },
      success: { class: 'label', type: 'string' },
      duration_ms: { class: 'label', type: 'string' },
      pre_tokens: { class: 'label', type: 'string' },
      post_tokens: { class: 'label', type: 'string' },
      precompute_reuse: { class: 'label', type: 'string' },
      error: { class: 'content', type: 'string' },
    },
  },
  at_mention: {
    since: '2.1.330',
    fields: {
      mention_type: { class: 'label', type: 'string' },
      success: { class: 'label', type: 'string' },
    },
  },
  feedback_survey: {
    since: '2.1.330',
    fields: {
      event_type: { class: 'label', type: 'string' },
      appearance_id: { class: 'label', type: 'string' },
      survey_type: { class: 'label', type: 'string' },
      response: { class: 'label', type: 'string' },
      enabled_via_override: { class: 'label', type: 'bool' },
    },
  },
  // With detailed beta tracing only, as is the next.
  system_prompt: {
    fields: {
      system_prompt: { class: 'content', type: 'string' },
      system_prompt_hash: { class: 'label', type: 'string' },
      system_prompt_length: { class: 'label', type: 'int' },
    },
  },
  tool: {
    fields: {
      tool: { class: 'content', type: 'json' },
      tool_name: { class: 'label', type: 'string' },
      tool_hash: { class: 'label', type: 'string' },
    },
  },
} as const;
