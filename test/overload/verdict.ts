import type { Result } from './suite.js';

/** What must hold, with what was measured. */
interface Demand {
  readonly what: string;
  readonly holds: (result: Result) => boolean;
}

const demands: readonly Demand[] = [
  { what: 'goodput is at least 80 % of the peak', holds: ({ share }) => share >= 0.8 },
  { what: 'p99 of what is accepted is at most 1 s', holds: ({ acceptedP99 }) => acceptedP99 <= 1000 },
  { what: 'memory stays under its limit', holds: ({ peakRssMiB, limitMiB }) => peakRssMiB < limitMiB },
  { what: 'a refusal costs at most a fifth', holds: ({ cheaper }) => cheaper >= 5 },
  { what: 'something was refused', holds: ({ refused }) => refused > 0 },
  { what: 'it serves on afterwards', holds: ({ afterwards }) => afterwards > 0 },
  { what: 'nothing that was accepted is lost', holds: ({ lost }) => lost === 0 },
  { what: 'every refusal is one that says when to come back', holds: ({ problems }) => problems.length === 0 },
];

/** What of it does not hold. */
export function missed(result: Result): string[] {
  return demands.filter(({ holds }) => !holds(result)).map(({ what }) => what);
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');

export const heading: readonly string[] = [
  ...['bound by', 'peak rec/s', 'offered', 'goodput', 'of peak', 'p50 ms', 'p99 ms', 'refused p99', 'RSS MiB', 'limit'],
  ...['µs/accepted', 'µs/refused', 'ratio', 'accepted', 'refused', 'not sent', 'lost'],
];

/** A result as a line of the table with {@link heading}. */
export function row(result: Result): string[] {
  const { bound, peak, offered, goodput, share, acceptedP50, acceptedP99, refusedP99, peakRssMiB, limitMiB } = result;
  const { acceptedCpuUs, refusedCpuUs, cheaper, accepted, refused, unsent, lost } = result;
  return [
    ...[bound, whole(peak), whole(offered), whole(goodput), `${whole(share * 100)} %`],
    ...[acceptedP50, acceptedP99, refusedP99, peakRssMiB, limitMiB, acceptedCpuUs, refusedCpuUs].map(whole),
    cheaper.toFixed(1),
    ...[accepted, refused, unsent, lost].map(whole),
  ];
}
