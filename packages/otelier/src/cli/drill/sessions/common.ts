import { claudeCode, type Fields } from '@otelier/processors';

const onEventsOnly = /^(event\.|prompt\.id$|workspace\.)/;

/** The common attributes that points and spans have too. */
export const commonFields: Fields = Object.fromEntries(
  Object.entries(claudeCode.common).filter(([name]) => !onEventsOnly.test(name)),
);
