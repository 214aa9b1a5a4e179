/** Where a claim is: names and indexes from the outside in. */
export type ClaimPath = readonly (string | number)[];

/** What to write where a claim is expected. */
export const claimPathForm = "a claim such as 'email', 'groups[0]', 'subject.CN' or '[\"https://example.com/team\"]'";

const step = /(?:^|\.)([\p{L}\p{N}_$:@/-]+)|\[(\d{1,4})\]|\[("(?:[^"\\]|\\.)*")\]/uy;

/** The steps of a claim's path; undefined when the text is none. */
export function parseClaimPath(text: string): ClaimPath | undefined {
  if (text.startsWith('.')) return undefined;
  const path: (string | number)[] = [];
  step.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    const match = step.exec(text);
    if (match === null) return undefined;
    const [whole, name, index, quoted] = match;
    if (quoted !== undefined) {
      const key = unquoted(quoted);
      if (key === undefined) return undefined;
      path.push(key);
    } else path.push(name ?? Number(index));
    at += whole.length;
  }
  return path.length === 0 ? undefined : path;
}

function unquoted(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

/** What an attribute can hold of a claim. */
export type ClaimValue = string | number | boolean | string[];

/** The claim at a path; undefined when it is absent, empty, or an object. */
export function claimAt(claims: Readonly<Record<string, unknown>>, path: ClaimPath): ClaimValue | undefined {
  let value: unknown = claims;
  for (const each of path) {
    // A claim is what was written by the issuer, never what objects inherit.
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, each)) return undefined;
    if (Array.isArray(value) && typeof each !== 'number') return undefined;
    value = (value as Record<string | number, unknown>)[each];
  }
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return value;
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string')
    ? (value as string[])
    : undefined;
}
