import { canaryClasses } from '../canaries/canary.js';
import { encodings } from '../canaries/encodings.js';
import type { Row } from './attributes.js';

/** Every class in every encoding, in genuine and in hostile records. */
export const rows: readonly Row[] = canaryClasses.flatMap((own) =>
  encodings.flatMap((encoding) =>
    (['genuine', 'hostile'] as const).map((form): Row => ({ round: { class: own, encoding }, form })),
  ),
);
