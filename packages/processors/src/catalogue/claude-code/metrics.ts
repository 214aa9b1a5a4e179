/** The eight metrics: sums that only grow, all of doubles. */
export const metrics = {
  'claude_code.session.count': {
    unit: '',
    fields: {
      start_type: { class: 'label', type: 'string', since: '2.1.330' },
    },
  },
  'claude_code.lines_of_code.count': {
    unit: '',
    fields: {
      type: { class: 'label', type: 'string' },
      model: { class: 'label', type: 'string', since: '2.1.330' },
    },
  },
  'claude_code.pull_request.count': {
    unit: '',
    fields: {},
  },
  'claude_code.commit.count': {
    unit: '',
    fields: {},
  },
  'claude_code.cost.usage': {
    unit: 'USD',
    fields: {
      model: { class: 'label', type: 'string' },
      query_source: { class: 'label', type: 'string', since: '2.1.330' },
      effort: { class: 'label', type: 'string', since: '2.1.330' },
      speed: { class: 'label', type: 'string', since: '2.1.330' },
      'agent.name': { class: 'label', type: 'string', since: '2.1.150' },
      'skill.name': { class: 'label', type: 'string', since: '2.1.150' },
      'plugin.name': { class: 'label', type: 'string', since: '2.1.200' },
      'marketplace.name': { class: 'label', type: 'string', since: '2.1.200' },
      'mcp_server.name': { class: 'label', type: 'string', since: '2.1.200' },
      'mcp_tool.name': { class: 'label', type: 'string', since: '2.1.200' },
    },
  },
  'claude_code.token.usage': {
    unit: 'tokens',
    fields: {
      type: { class: 'label', type: 'string' },
      model: { class: 'label', type: 'string' },
      query_source: { class: 'label', type: 'string', since: '2.1.330' },
      effort: { class: 'label', type: 'string', since: '2.1.330' },
      speed: { class: 'label', type: 'string', since: '2.1.330' },
      'agent.name': { class: 'label', type: 'string', since: '2.1.150' },
      'skill.name': { class: 'label', type: 'string', since: '2.1.150' },
      'plugin.name': { class: 'label', type: 'string', since: '2.1.200' },
      'marketplace.name': { class: 'label', type: 'string', since: '2.1.200' },
      'mcp_server.name': { class: 'label', type: 'string', since: '2.1.200' },
      'mcp_tool.name': { class: 'label', type: 'string', since: '2.1.200' },
    },
  },
  'claude_code.code_edit_tool.decision': {
    unit: '',
    fields: {
      decision: { class: 'label', type: 'string' },
      source: { class: 'label', type: 'string' },
      tool_name: { class: 'label', type: 'string' },
      language: { class: 'label', type: 'string' },
      // as the documentation of January 2026 names tool_name; never recorded
      tool: { class: 'label', type: 'string' },
    },
  },
  'claude_code.active_time.total': {
    unit: 's',
    fields: {
      type: { class: 'label', type: 'string' },
    },
  },
} as const;
