/** What clients and this processor write in place of a whole text; masking it again must not change it. */
export const placeholder: RegExp =
  /^(?:<REDACTED>|\[redacted(?: \d+ (?:chars|bytes)| number)?\](?: #\d+)?|\[(?:secret|identity) [a-z0-9-]{1,48}\])$/;

/** The same inside a text. */
export const markers: RegExp =
  /<REDACTED>|\[redacted(?: \d+ (?:chars|bytes)| number)?\]|\[(?:secret|identity) [a-z0-9-]{1,48}\]/g;

/** What stands in place of something that a detector found. */
export function marker(kind: 'secret' | 'identity', rule: string): string {
  // A user's own detector may have any name; a mark must be found again.
  return `[${kind} ${
    rule
      .toLowerCase()
      .replace(/[^a-z0-9-]/g, '-')
      .slice(0, 48) || 'found'
  }]`;
}

/** The text without marks, to judge what else it is. */
export function withoutMarks(text: string): string {
  return text.includes('[') || text.includes('<') ? text.replace(markers, '') : text;
}
