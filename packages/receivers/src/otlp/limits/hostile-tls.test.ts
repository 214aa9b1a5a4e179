import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closed, preface } from '../../../test/h2.js';
import { bare, clientHello, doors, serveTls, shaken, trusted, untrusted } from '../../../test/tls.js';

const isOpen = ({ destroyed }: { readonly destroyed: boolean }) => !destroyed;
const connections = () => process.getActiveResourcesInfo().filter((name) => /^(TCPSocketWrap|TLSWrap)$/.test(name));

// Hundreds of handshakes take a while on a machine that has other things to do.
const patient = { timeout: 5000 };
const total = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);

// As OpenSSL 3.0 says it, which Node 20 has, or its successors.
const lengthTooLong = process.versions.openssl.startsWith('3.0.') ? 'PACKET_LENGTH_TOO_LONG' : 'DATA_LENGTH_TOO_LONG';

describe.each(doors)('hostile clients of the $name door over TLS', (door) => {
  test('200 connections that do not begin or do not finish their handshake are closed, and others are served', async () => {
    const { port, good, failures, closings } = await serveTls(door, door.within('700ms'));
    const hello = await clientHello(door);
    const [silent, begun, unanswered, slow] = await Promise.all([
      bare(port, 50),
      bare(port, 50, hello.subarray(0, 100)),
      bare(port, 50, hello),
      bare(port, 50),
    ]);
    let at = 0;
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write(hello.subarray(at, at + 1));
      // Never the last.
      at = Math.min(at + 1, hello.length - 2);
    }, 20);
    expect(await good()).toBe(true);
    await Promise.all([silent, begun, unanswered, slow].flat().map(closed));
    clearInterval(drip);
    expect(await good()).toBe(true);
    expect([failures(), closings()]).toEqual([{ ERR_TLS_HANDSHAKE_TIMEOUT: 200 }, {}]);
  });

  test.each<[string, Buffer, string]>([
    ['random bytes', Buffer.from('\xa7garbage-that-nobody-may-log'.repeat(40), 'latin1'), 'WRONG_VERSION_NUMBER'],
    ['a plain request', Buffer.from('POST /garbage-that-nobody-may-log HTTP/1.1\r\n\r\n'), 'HTTP_REQUEST'],
    ['plain HTTP/2', preface(), 'WRONG_VERSION_NUMBER'],
    ['a record of 64 KiB', Buffer.from([22, 3, 1, 255, 255, ...Buffer.alloc(100)]), lengthTooLong],
    ['a ClientHello of 16 MiB', Buffer.from([22, 3, 1, 0, 4, 1, 255, 255, 255]), 'EXCESSIVE_MESSAGE_SIZE'],
  ])('%s instead of a handshake: closed, counted, and in the log once a minute', async (_name, bytes, reason) => {
    const { port, good, failures, closings, host } = await serveTls(door);
    let ahead = 0;
    host.clock.now = () => Date.now() + ahead;
    await Promise.all((await bare(port, 40, bytes)).map(closed));
    await expect.poll(failures, patient).toEqual({ [`ERR_SSL_${reason}`]: 40 });
    expect(closings()).toEqual({});
    expect(host.lines).toHaveLength(1);
    ahead = 60_000;
    await Promise.all((await bare(port, 2, bytes)).map(closed));
    await expect.poll(failures, patient).toEqual({ [`ERR_SSL_${reason}`]: 42 });
    expect(host.lines).toHaveLength(2);
    expect(JSON.stringify(host.lines)).not.toContain('garbage');
    expect(await good()).toBe(true);
  });

  test('whatever comes instead of a handshake, the connection ends and is counted once', async () => {
    const { port, good, failures, closings } = await serveTls(door, door.within('300ms'));
    let count = 0;
    const record = fc
      .tuple(fc.constantFrom(20, 21, 22, 23), fc.integer({ min: 0, max: 4 }), fc.uint8Array({ maxLength: 400 }))
      .map(([type, minor, rest]) => Uint8Array.from([type, 3, minor, rest.length >> 8, rest.length & 255, ...rest]));
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 400 }), record);
    const attacks = fc.asyncProperty(fc.array(bytes, { minLength: 40, maxLength: 40 }), async (all) => {
      count += all.length;
      const opened = await Promise.all(all.map((each) => bare(port, 1, each)));
      await Promise.all(opened.flat().map(closed));
      await expect.poll(() => total(failures()), patient).toBe(count);
    });
    await fc.assert(attacks, { numRuns: 1, endOnFailure: true });
    for (const reason of Object.keys(failures())) expect(reason).toMatch(/^[A-Z][A-Z0-9_]+$/);
    expect(closings()).toEqual({});
    expect(await good()).toBe(true);
  });

  test('who hangs up in the handshake has left at once', async () => {
    const { port, good, failures } = await serveTls(door);
    const hello = await clientHello(door);
    for (const socket of await bare(port, 20)) socket.end();
    for (const socket of await bare(port, 20, hello.subarray(0, 100))) socket.end();
    for (const socket of await bare(port, 20, hello)) socket.resetAndDestroy();
    // Their reason is that of whichever side of the connection sees it first.
    await expect.poll(() => total(failures()), patient).toBe(60);
    expect(await good()).toBe(true);
  });

  test('a handshake and then nothing, or a request that comes byte by byte: closed', async () => {
    const { port, good, closings, failures } = await serveTls(door, door.within('400ms'));
    const quiet = await Promise.all(Array.from({ length: 10 }, () => shaken(port, door)));
    const slow = await Promise.all(Array.from({ length: 10 }, () => shaken(port, door)));
    // Neither a whole head of HTTP nor a whole SETTINGS frame.
    const head = door.unfinished.subarray(0, 30);
    let at = 0;
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write(head.subarray(at, at + 1));
      at++;
    }, 25);
    expect(await good()).toBe(true);
    await Promise.all([...quiet, ...slow].map(closed));
    clearInterval(drip);
    expect([closings(), failures()]).toEqual([{ [door.silence]: 20 }, {}]);
    expect(await good()).toBe(true);
  });

  test('one address cannot take all connections by not shaking hands', async () => {
    const { port, good, closings } = await serveTls(door, { limits: { connections: 40 } });
    const flood = await bare(port, 100);
    await expect.poll(() => flood.filter(isOpen).length).toBe(35);
    expect(await good()).toBe(true);
    expect(closings()).toEqual({ 'too many connections of one address': 65 });
  });

  test('connections of one address count before their handshake and after it', async () => {
    const { port, closings } = await serveTls(door, { limits: { connectionsPerAddress: 3 } });
    const silent = await bare(port, 2);
    const done = await shaken(port, door);
    const [refused] = await bare(port, 1);
    await expect.poll(() => refused?.destroyed).toBe(true);
    expect([...silent, done].filter(isOpen)).toHaveLength(3);
    done.destroy();
    await expect.poll(async () => (await shaken(port, door)).destroyed).toBe(false);
    expect(closings()['too many connections of one address']).toBeGreaterThanOrEqual(1);
  });

  test('300 handshakes at once, given up in every way, leave nothing behind', async () => {
    const { port, good, host, counts } = await serveTls(door, { limits: { connectionsPerAddress: 300 } });
    const before = connections().length;
    await Promise.all(
      Array.from({ length: 300 }, async (_, i) => {
        const socket = await shaken(port, door);
        expect(socket.destroyed).toBe(false);
        if (i % 3 > 0) await new Promise((resolve) => socket.write(door.unfinished, resolve));
        if (i % 2 === 0) socket.end().resume();
        else socket.destroy();
      }),
    );
    await expect.poll(() => connections().length, patient).toBeLessThanOrEqual(before);
    expect(host.admission.inFlightBytes).toBe(0);
    expect((await bare(port, 300)).filter(isOpen)).toHaveLength(300);
    expect(await good()).toBe(true);
    expect([...counts.keys()].filter((key) => key.includes('too many'))).toEqual([]);
  });

  test.each([
    ['before a request', 0],
    ['in a request', 1],
  ])('who wants to shake hands again %s is sent away', async (_name, requests) => {
    const { port, good, closings, host } = await serveTls(door);
    const socket = await shaken(port, door, { maxVersion: 'TLSv1.2' });
    if (requests > 0) {
      socket.write(door.unfinished);
      await expect.poll(() => host.admission.inFlightBytes).toBe(1000);
    }
    socket.renegotiate({}, () => {});
    await closed(socket);
    await expect.poll(closings, patient).toEqual({ renegotiation: 1 });
    expect(host.admission.inFlightBytes).toBe(0);
    expect(await good()).toBe(true);
  });

  test('200 clients without a certificate that is trusted are refused, and one with it is served', async () => {
    const { port, good, failures, closings, host } = await serveTls(door, {}, 'require');
    const none = Array.from({ length: 100 }, (_, i) => shaken(port, door, i % 2 ? {} : { maxVersion: 'TLSv1.2' }));
    const wrong = Array.from({ length: 100 }, (_, i) =>
      shaken(port, door, i % 2 ? untrusted : { ...untrusted, maxVersion: 'TLSv1.2' }),
    );
    expect(await good()).toBe(true);
    await Promise.all((await Promise.all([...none, ...wrong])).map(closed));
    await expect
      .poll(failures, patient)
      .toEqual({ ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 100, UNABLE_TO_VERIFY_LEAF_SIGNATURE: 100 });
    // One line for each of the two reasons.
    expect([closings(), host.lines.length]).toEqual([{}, 2]);
    expect(isOpen(await shaken(port, door, trusted))).toBe(true);
    expect(await good()).toBe(true);
  });
});
