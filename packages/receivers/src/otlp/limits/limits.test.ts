import { PipelineError } from '@otelier/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Counts, countingHost } from '../../../test/harness.js';
import { Refusals } from '../refusals.js';
import type { IncomingBody } from './bodies.js';
import type { Client } from './client.js';
import { fairShare } from './fair-share.js';
import type { Hold } from './hold.js';
import { Limits } from './limits.js';
import type { LimitsSettings } from './limits-settings.js';

const limit = 1000;

/** Limits of a host with a budget of {@link limit} bytes, or of so many times that of which no more may be used; the test moves its clock. */
function made(
  settings: Partial<LimitsSettings> = {},
  times = 1,
): {
  limits: Limits;
  counts: Counts;
  pass(ms: number): void;
  used(): number;
} {
  const { host, counts } = countingHost(limit * times);
  Object.assign(host.admission, { usableBytes: limit });
  let now = 1_000_000;
  const clocked = { ...host, clock: { ...host.clock, now: () => now } };
  const limits = new Limits({ connections: 10, ...settings }, clocked, new Refusals(clocked), false);
  return { limits, counts, pass: (ms) => void (now += ms), used: () => host.admission.inFlightBytes };
}

const refusedFor = (counts: Counts, reason: string): number =>
  counts.get(`otelier_receiver_refused_requests ${reason}`) ?? 0;
const held = (answer: Hold | PipelineError): Hold => {
  if (answer instanceof PipelineError) throw answer;
  return answer;
};

describe('fair share', () => {
  // Every client has asked before, so that their number stays the same.
  const clients = fc.integer({ min: 2, max: 8 });
  const steps = fc.array(
    fc.record({ who: fc.nat(7), bytes: fc.integer({ min: 1, max: 400 }), release: fc.boolean(), grow: fc.boolean() }),
    { minLength: 20, maxLength: 120 },
  );

  test('a client below its share is never refused, and whoever holds more gets nothing beyond half of the budget', () => {
    fc.assert(
      fc.property(clients, steps, fc.constantFrom(1, 4), (count, all, times) => {
        const { limits, counts, used } = made({}, times);
        const known = Array.from({ length: count }, (_, i) => limits.clientAt(`10.0.0.${i}`));
        // One byte each, kept, keeps all of them active.
        const holds = known.map((client) => [held(limits.admit(client, 1, 'http'))]);
        const share = fairShare(limit, count);
        for (const { who, bytes, release, grow } of all) {
          const client = known[who % count] as Client;
          const own = holds[who % count] as Hold[];
          if (release) {
            if (own.length > 1) own.pop()?.release();
            continue;
          }
          const before = client.held;
          const answer = grow ? own[0]?.grow(bytes) : limits.admit(client, bytes, 'http');
          const isTaken = grow ? answer === true : !(answer instanceof PipelineError);
          if (!grow && isTaken) own.push(answer as Hold);
          if (before + bytes <= share) expect(isTaken).toBe(true);
          if (isTaken && used() * 2 > limit) expect(client.held).toBeLessThanOrEqual(share);
          expect(used()).toBeLessThanOrEqual(limit);
          expect(known.reduce((sum, each) => sum + each.held, 0)).toBe(used());
        }
        for (const hold of holds.flat()) {
          hold.release();
          hold.release();
        }
        expect([used(), known.every((client) => client.held === 0 && client.requests === 0)]).toEqual([0, true]);
        expect([...counts.keys()].every((key) => key.endsWith('client share'))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('two or more leave room for the share of one that joins them', () => {
    fc.assert(
      fc.property(clients, steps, (count, all) => {
        const { limits } = made();
        const known = Array.from({ length: count }, (_, i) => limits.clientAt(`10.0.0.${i}`));
        for (const client of known) held(limits.admit(client, 1, 'http'));
        for (const { who, bytes } of all) limits.admit(known[who % count] as Client, bytes, 'http');
        expect(limits.admit(limits.clientAt('10.1.1.1'), fairShare(limit, count + 1), 'http')).not.toBeInstanceOf(
          PipelineError,
        );
      }),
      { numRuns: 100 },
    );
  });

  test('one alone may have the whole budget; when another has asked, it gets no more, and its place as it ends', () => {
    const { limits, counts, pass } = made();
    const noisy = limits.clientAt('10.0.0.1');
    const good = limits.clientAt('10.0.0.2');
    const holds = Array.from({ length: 10 }, () => held(limits.admit(noisy, 100, 'http')));
    expect(limits.admit(good, 50, 'http')).toMatchObject({ code: 'overloaded', retryAfterMs: 1000 });
    expect(refusedFor(counts, 'budget')).toBe(1);
    holds[0]?.release();
    expect(limits.admit(noisy, 100, 'http')).toBeInstanceOf(PipelineError);
    expect(refusedFor(counts, 'client share')).toBe(1);
    held(limits.admit(good, 50, 'http')).release();
    // The other has not come back for a while.
    pass(30_000);
    held(limits.admit(noisy, 100, 'http'));
  });

  test('a slow body makes room for a client below its share, when its own client is above', () => {
    const { limits, pass, used } = made();
    const slow = limits.clientAt('10.0.0.1');
    const cut: number[] = [];
    const bodies = [0, 1, 2, 3].map((i): IncomingBody => {
      const hold = held(limits.admit(slow, 250, 'http'));
      const body: IncomingBody = {
        client: slow,
        since: 1_000_000,
        cut() {
          cut.push(i);
          hold.release();
          limits.bodies.delete(body);
        },
      };
      limits.bodies.add(body);
      return body;
    });
    const good = limits.clientAt('10.0.0.2');
    expect(limits.admit(good, 200, 'http')).toBeInstanceOf(PipelineError);
    pass(1000);
    held(limits.admit(good, 200, 'http'));
    expect([cut, used(), limits.bodies.size]).toEqual([[0], 950, bodies.length - 1]);
    // Above its own share nobody is cut off for it.
    expect(limits.admit(good, 200, 'http')).toBeInstanceOf(PipelineError);
    expect(cut).toEqual([0]);
  });
});

describe('limits of a client', () => {
  test('the rate: a second’s worth at once, and a time to come back that is exact', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.array(fc.nat(300), { minLength: 1, maxLength: 60 }),
        (rate, pauses) => {
          const { limits, pass, counts } = made({ requestsPerSecond: rate });
          const client = limits.clientAt('10.0.0.1');
          let taken = 0;
          let time = 0;
          for (const ms of pauses) {
            pass(ms);
            time += ms;
            for (let answer = limits.admit(client, 0, 'http'); ; answer = limits.admit(client, 0, 'http')) {
              if (!(answer instanceof PipelineError)) {
                answer.release();
                taken++;
                continue;
              }
              const wait = answer.retryAfterMs as number;
              expect(Number.isInteger(wait) && wait >= 1).toBe(true);
              if (wait > 1) {
                pass(wait - 1);
                expect(limits.admit(client, 0, 'http')).toMatchObject({ retryAfterMs: 1 });
              }
              pass(1);
              time += wait;
              held(limits.admit(client, 0, 'http')).release();
              taken++;
              break;
            }
            expect(taken).toBeLessThanOrEqual(rate + (rate * time) / 1000);
          }
          expect([...counts.keys()]).toEqual(['otelier_receiver_refused_requests client rate']);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('bytes a second: what was too much is waited for, also when the size comes late', () => {
    const { limits, pass } = made({ bytesPerSecond: 100 });
    const client = limits.clientAt('10.0.0.1');
    held(limits.admit(client, 300, 'http')).release();
    expect(limits.admit(client, 0, 'http')).toMatchObject({ retryAfterMs: 2010 });
    pass(2010);
    const late = held(limits.admit(client, 0, 'http'));
    late.charge(101);
    expect(limits.admit(client, 0, 'http')).toMatchObject({ retryAfterMs: 1010 });
    held(limits.admit(limits.clientAt('10.0.0.2'), 100, 'http'));
  });

  test('bytes and requests at a time, and a body that could never come in', () => {
    const { limits, counts } = made({ inFlight: 100, requests: 2 });
    const client = limits.clientAt('10.0.0.1');
    const first = held(limits.admit(client, 60, 'http'));
    expect(limits.admit(client, 60, 'grpc')).toMatchObject({ code: 'overloaded' });
    expect([first.grow(40), first.grow(1)]).toEqual([true, false]);
    held(limits.admit(client, 0, 'http'));
    expect(limits.admit(client, 0, 'http')).toMatchObject({ code: 'overloaded' });
    expect(limits.admit(client, 101, 'http')).toMatchObject({ code: 'too-large' });
    expect(Object.fromEntries(counts)).toEqual({
      'otelier_receiver_refused_requests client bytes': 2,
      'otelier_receiver_refused_requests client requests': 1,
      'otelier_receiver_refused_requests too large': 1,
    });
  });
});
