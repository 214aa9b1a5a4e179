import { type FieldClass, fieldClasses } from '@otelier/core';
import * as v from 'valibot';

/** Schema of the option `clearance`, which every exporter of ours has. */
export const clearance: v.GenericSchema<readonly FieldClass[] | undefined> = v.optional(
  v.pipe(v.array(v.picklist(fieldClasses)), v.minLength(1, `at least one of ${fieldClasses.join(', ')}`)),
);

/** The trait that comes of the option; nothing when nothing was declared. */
export function clearanceTrait(declared: readonly FieldClass[] | undefined): {
  readonly clearance?: readonly FieldClass[];
} {
  return declared === undefined ? {} : { clearance: declared };
}
