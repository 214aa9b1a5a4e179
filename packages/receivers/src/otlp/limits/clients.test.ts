import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressKey, type Client } from './client.js';
import { Clients } from './clients.js';

describe('who is one client', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::FFFF:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8::1:0:0:0:1', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::10.1.2.3', '64:ff9b:0:0::/64'],
    [undefined, ''],
  ])('%s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

describe('the table of clients', () => {
  test('stays bounded under a spray of addresses, forgets only who has nothing to lose, and knows the others', () => {
    const clients = new Clients(100, 10, undefined);
    let now = 1_000_000;
    const busy = clients.of('busy', now);
    clients.begin(busy, now);
    const connected = clients.of('connected', now);
    connected.connections++;
    const used = clients.of('used', now);
    used.requestBucket?.take(10_000);
    for (let i = 0; i < 5000; i++) {
      now += i % 100 === 0 ? 1000 : 0;
      const client = clients.of(`spray ${i}`, now);
      clients.begin(client, now);
      clients.end(client, now);
      expect(clients.size).toBeLessThanOrEqual(100);
    }
    expect([clients.of('busy', now), clients.of('connected', now), clients.of('used', now)]).toEqual([
      busy,
      connected,
      used,
    ]);
    expect(clients.of('busy', now)).toBe(busy);
    expect(clients.of('used', now)).toBe(used);
  });

  test('when nobody can be forgotten those who come share one entry', () => {
    const clients = new Clients(3, undefined, undefined);
    for (const key of ['a', 'b', 'c']) clients.begin(clients.of(key, 0), 0);
    expect(clients.of('d', 0)).toBe(clients.of('e', 0));
    expect(clients.of('a', 0).key).toBe('a');
  });

  test('the number of active clients is that of those who are busy or were seen in this slot or the one before', () => {
    const step = fc.record({ who: fc.nat(5), what: fc.constantFrom('begin', 'end', 'ask'), ms: fc.nat(15_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const clients = new Clients(100, undefined, undefined);
        const seen = new Map<Client, number>();
        let now = 1_000_000;
        for (const { who, what, ms } of steps) {
          now += ms;
          const client = clients.of(String(who), now);
          const slot = Math.floor(now / 10_000);
          if (what === 'begin') clients.begin(client, now);
          else if (what === 'end' && client.requests > 0) clients.end(client, now);
          const active = clients.activeWith(client, now);
          seen.set(client, slot);
          const expected = [...seen].filter(([each, at]) => each.requests > 0 || at >= slot - 1).length;
          expect(active).toBe(expected);
        }
      }),
    );
  });
});
