import { addToExemplars, attributesForExemplars, type DataPoint, type KeySet } from '@otelier/otlp';

/** Takes the attributes named in `keys` out of a point's exemplars, or puts those of the point there; before the point loses its own. */
export function cleanExemplars(point: DataPoint, keys: KeySet, keep: boolean): void {
  if (!keep) {
    for (const exemplar of point.exemplars) exemplar.filteredAttributes.delete(keys);
    return;
  }
  const adding = attributesForExemplars(point, keys);
  if (adding !== undefined) addToExemplars(point, adding);
}
