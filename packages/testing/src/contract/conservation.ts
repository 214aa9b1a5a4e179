import type { AccountData, CountsByReason } from '@otelier/core';

/**
 * Checks that no component lost or invented an item: in + added = out + dropped + refused + held, each count at least 0.
 *
 * @throws {Error} that names every component whose account does not balance, with its figures.
 */
export function assertConservation(accounts: { readonly [id: string]: AccountData }): void {
  const wrong = Object.values(accounts).flatMap((account) =>
    residual(account) === 0 && isPlausible(account) ? [] : [tell(account)],
  );
  if (wrong.length > 0) throw new Error(`accounts do not balance:\n${wrong.join('\n')}`);
}

/** What is missing from an account (positive) or too much in it (negative); 0 when it balances. */
export function residual(account: AccountData): number {
  return account.in + sum(account.added) - account.out - sum(account.dropped) - sum(account.refused) - account.held;
}

function isPlausible({ in: taken, out, held, added, dropped, refused }: AccountData): boolean {
  return [taken, out, held, sum(added), sum(dropped), sum(refused)].every(
    (count) => Number.isInteger(count) && count >= 0,
  );
}

function tell(account: AccountData): string {
  const { id, in: taken, out, held } = account;
  const [added, dropped, refused] = [sum(account.added), sum(account.dropped), sum(account.refused)];
  return `${id}: in ${taken} + added ${added} ≠ out ${out} + dropped ${dropped} + refused ${refused} + held ${held}`;
}

function sum(counts: CountsByReason): number {
  let total = 0;
  for (const count of Object.values(counts)) total += count;
  return total;
}
