import { resourceBytes } from '@otelier/otlp';
import { checkKey } from './baggage-grammar.js';
import { missingCause } from './missing.js';
import { matcher, policyOf, type ValidateResourceSettings } from './options.js';
import { type ResourceFault, valueFaults } from './resource-faults.js';
import type { ResourceGroup } from './resources.js';

/** The attribute that `annotate` writes. */
export const annotation = 'otelier.resource_findings';

/** Something wrong with a resource attribute; names the key, never the value. */
export interface ResourceFinding {
  readonly key: string;
  readonly fault: ResourceFault;
  /** Which part is at fault; undefined when the attribute is missing. */
  readonly part?: 'key' | 'value';
  /** Where it probably comes from, in words. */
  readonly cause?: string;
}

/** A finding that stands unless a copy of the value on an item says otherwise. */
interface Suspicion extends ResourceFinding {
  readonly disprovable: boolean;
}

const clean: readonly never[] = [];
const maxRemembered = 512;
const maxRememberedBytes = 4096;

/** Finds what is wrong with resources. The same client sends the same resource in every request, so what it found is remembered by their bytes. */
export class Inspector {
  declare private readonly settings: ValidateResourceSettings;
  declare private readonly exempt: (name: string) => boolean;
  declare private readonly isIgnored: (fault: ResourceFault) => boolean;
  declare private readonly known: Map<string, readonly Suspicion[]>;

  constructor(settings: ValidateResourceSettings) {
    const policy = policyOf(settings);
    this.settings = settings;
    this.exempt = matcher([...settings.exempt, annotation]);
    this.isIgnored = (fault) => policy(fault) === 'ignore';
    this.known = new Map();
  }

  /** What is wrong with a resource, in the order of its attributes. */
  inspect(group: ResourceGroup): readonly ResourceFinding[] {
    const suspicions = this.suspicions(group);
    if (suspicions.length === 0) return clean;
    const findings: ResourceFinding[] = [];
    for (const { disprovable, ...finding } of suspicions)
      if (!disprovable || !this.isProvenRight(group, finding.key)) findings.push(finding);
    return findings;
  }

  private suspicions(group: ResourceGroup): readonly Suspicion[] {
    const bytes = resourceBytes(group.resource);
    if (bytes === undefined || bytes.length > maxRememberedBytes) return this.look(group);
    const name = bytes.toString('latin1');
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const found = this.look(group);
    // All at once: telling old from new would cost every look-up, and clients that are still there come back in their next request.
    if (this.known.size >= maxRemembered) this.known.clear();
    this.known.set(name, found);
    return found;
  }

  private look(group: ResourceGroup): readonly Suspicion[] {
    const { attributes } = group.resource;
    const found: Suspicion[] = [];
    let hasCustom = false;
    for (const [key, value] of attributes) {
      if (this.exempt(key)) continue;
      hasCustom = true;
      const inKey = checkKey(key);
      // The faults of a whole text cannot be met in one key.
      if (inKey !== undefined) found.push({ key, fault: inKey as ResourceFault, part: 'key', disprovable: false });
      if (typeof value !== 'string') continue;
      for (const { fault, cause, disprovable } of valueFaults(value))
        found.push({ key, fault, part: 'value', disprovable, ...(cause === undefined ? {} : { cause }) });
    }
    const missing = this.settings.required.filter((key) => !attributes.has(key));
    if (missing.length > 0) {
      const cause = missingCause(attributes, group.scope(), hasCustom);
      for (const key of missing) found.push({ key, fault: 'missing', cause, disprovable: false });
    }
    return found.filter(({ fault }) => !this.isIgnored(fault));
  }

  /**
   * Clients copy only what they could parse by the strict grammar, so that a value with a blank and an equal copy was
   * percent-encoded by the user and decoded by the client.
   */
  private isProvenRight(group: ResourceGroup, key: string): boolean {
    if (!this.settings.copies) return false;
    const value = group.resource.attributes.get(key);
    if (typeof value !== 'string') return false;
    for (const attributes of group.items()) return attributes.is(key, value);
    return false;
  }
}
