import { type AnyBatch, type Processor, processor, type Signal } from '@otelier/core';
import type { AnyValue, DataPoint, LogRecord, Resource, Span } from '@otelier/otlp';
import { apply } from '../apply/apply.js';
import { isStatus, maskScalar, maskText } from './mask.js';
import { type RedactPromptsOptions, type RedactPromptsSettings, settings } from './options.js';
import { Redactor } from './redactor.js';

export {
  contentAttributes,
  identityAttributes,
  nameAttributes,
  payloadAttributes,
  payloadLabels,
} from './content-attributes.js';
export type { Mask, MaskFunction } from './mask.js';
export type { RedactPromptsOptions } from './options.js';

/**
 * Masks prompts, replies, commands, paths, file contents and error texts in logs, metrics and traces, wherever they stand.
 *
 * Keys, lengths and labels stay: `tool_parameters` remains a JSON object whose texts are masked. What cannot be understood is
 * masked whole, and no batch is ever refused for what it holds.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function redactPrompts(options: RedactPromptsOptions = {}): Processor<Signal> {
  const all = settings(options);
  const hooks = redactions(all);
  return processor('redact-prompts', hooks, {
    options: { ...all, mask: typeof all.mask === 'function' ? 'a function' : all.mask },
  });
}

/**
 * Masks one batch in place and returns it: {@link redactPrompts} as a library call, without a pipeline.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function redact<B extends AnyBatch>(batch: B, options: RedactPromptsOptions = {}): B {
  return apply(batch, redactions(settings(options)));
}

interface Redactions {
  resource(resource: Resource): void;
  logRecord(record: LogRecord): void;
  dataPoint(point: DataPoint): void;
  span(span: Span): void;
}

const eventName = /^[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+$/;

function redactions(settings: RedactPromptsSettings): Redactions {
  const redactor = new Redactor(settings);
  const { mask, body: bodies } = settings;

  function body(value: AnyValue): AnyValue {
    if (typeof value === 'string') {
      if (bodies === 'keep') return redactor.searched('', value, 0);
      return bodies === 'event-name' && eventName.test(value) ? value : maskText(mask, value, 'body');
    }
    if (typeof value !== 'object') return bodies === 'keep' ? value : maskScalar(mask, value);
    // A list or bytes have no keys to go by.
    const unnamed = Array.isArray(value) || value instanceof Uint8Array;
    if (bodies === 'mask' || (bodies === 'event-name' && unnamed)) return redactor.masked('', value, 'mask', 0);
    return redactor.searched('', value, 0);
  }

  return {
    resource(resource) {
      redactor.attributes(resource.attributes);
    },
    logRecord(record) {
      redactor.attributes(record.attributes);
      redactor.attributes(record.scope.attributes);
      const text = record.body;
      const masked = body(text);
      if (masked !== text) record.body = masked;
    },
    dataPoint(point) {
      redactor.attributes(point.attributes);
      redactor.attributes(point.scope.attributes);
      for (const exemplar of point.exemplars) redactor.attributes(exemplar.filteredAttributes);
    },
    span(span) {
      redactor.attributes(span.attributes);
      redactor.attributes(span.scope.attributes);
      for (const event of span.events) redactor.attributes(event.attributes);
      for (const link of span.links) redactor.attributes(link.attributes);
      const message = span.statusMessage;
      if (!isStatus(message)) span.statusMessage = maskText(mask, message, 'status.message') ?? '';
    },
  };
}
