/**
 * What a field may hold, as privacy sees it.
 *
 * - `label`: names, numbers and choices that people group by: event, tool, model, decision, duration, cost.
 * - `content`: what people and models wrote or read: prompts, replies, commands, paths, file contents, error texts.
 * - `secret`: what opens doors: keys, tokens, passwords.
 * - `identity`: who it was: user, account, organisation, e-mail address, network address.
 */
export type FieldClass = 'label' | 'content' | 'secret' | 'identity';

/** Every {@link FieldClass}, from the one that most may see to the one that nobody should. */
export const fieldClasses: readonly FieldClass[] = ['label', 'identity', 'content', 'secret'];
