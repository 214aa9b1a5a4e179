/** What teams put into `OTEL_RESOURCE_ATTRIBUTES`, by the names that the documentation and the recordings use; anything may stand there. */
export const own = {
  department: { class: 'label', type: 'string' },
  'team.id': { class: 'label', type: 'string' },
  cost_center: { class: 'label', type: 'string' },
  city: { class: 'label', type: 'string' },
  'org.name': { class: 'identity', type: 'string' },
  'user.organizationName': { class: 'identity', type: 'string' },
} as const;

/** What the client says of itself and its machine. */
export const resource = {
  'service.name': { class: 'label', type: 'string' },
  'service.version': { class: 'label', type: 'string' },
  'host.arch': { class: 'label', type: 'string' },
  'os.type': { class: 'label', type: 'string' },
  'os.version': { class: 'label', type: 'string' },
  'wsl.version': { class: 'label', type: 'string' },
  'host.name': { class: 'identity', type: 'string', since: '2.1.330' },
  'host.id': { class: 'identity', type: 'string', since: '2.1.330' },
} as const;
