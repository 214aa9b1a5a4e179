import { readdirSync, readFileSync } from 'node:fs';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { type Coding, decompress } from '../../../packages/receivers/src/otlp/decompress.js';
import { storedZstd, zstdBlock, zstdFrame } from '../../../packages/receivers/test/zstd.js';
import { expectProper, FuzzedDoor, maxBytes } from '../door.js';
import { longest, mutateBytes } from '../mutate.js';
import { expectSound } from '../oracle.js';
import type { Random } from '../random.js';
import { requestSeeds } from '../seeds.js';
import { expectTrue, type Target, type Verdict } from '../target.js';

const samples = new URL('../../../packages/receivers/test/zstd-samples/', import.meta.url);
const shares: Readonly<Record<Coding, number>> = { gzip: 6, deflate: 4, zstd: 9 };

/** Compressed protobuf bodies of one coding. */
export class CodingTarget implements Target {
  readonly name: string;
  readonly share: number;
  private readonly coding: Coding;
  private readonly door: FuzzedDoor = new FuzzedDoor();

  constructor(coding: Coding) {
    this.coding = coding;
    this.name = coding;
    this.share = shares[coding];
  }

  seeds(random: Random): Buffer[] {
    const plain = requestSeeds('logs', 'pb', random);
    if (this.coding === 'gzip') return plain.map((bytes) => gzipSync(bytes));
    if (this.coding === 'deflate') return plain.map((bytes) => deflateSync(bytes));
    const files = readdirSync(samples).map((file) => readFileSync(new URL(file, samples)));
    const repeated = zstdFrame(9000, false, [zstdBlock(1, 9000, true, Buffer.from([10]))]);
    const stored = plain.map((bytes) => storedZstd(bytes, 1 + random.below(300)));
    return [...files.filter(({ length }) => length <= longest), ...stored, repeated];
  }

  mutate(input: Buffer, other: Buffer, random: Random): Buffer {
    if (this.coding === 'zstd' || random.below(4) > 0) return mutateBytes(input, other, random);
    // A body whose checksum is right, so that what is wrong is met behind the decompression.
    const [pack, unpack] = this.coding === 'gzip' ? [gzipSync, gunzipSync] : [deflateSync, inflateSync];
    try {
      return pack(mutateBytes(unpack(input, { maxOutputLength: longest }), other, random), { level: 1 });
    } catch {
      return mutateBytes(input, other, random);
    }
  }

  async run(input: Buffer, isDeep: boolean): Promise<Verdict> {
    const lease = this.door.host.admission.acquire(input.length);
    expectTrue(lease !== undefined, 'what earlier inputs were admitted for was given back');
    let admitted = 0;
    const growing = {
      grow: (bytes: number) => {
        admitted += bytes;
        return lease.grow(bytes);
      },
    };
    let body: Buffer;
    try {
      body = await decompress(input, this.coding, maxBytes, growing);
    } catch (error) {
      expectProper(error);
      return 'refused';
    } finally {
      lease.release();
    }
    expectTrue(body.length <= maxBytes, 'nothing grows past the limit');
    expectTrue(admitted >= body.length, 'what was decompressed had been admitted');
    if (isDeep && this.coding === 'gzip') expectTrue(body.equals(gunzipSync(input)), 'gzip: zlib reads the same');
    const came = Buffer.from(body);
    const batch = this.door.receive('logs', body, 'protobuf');
    if (batch === undefined) return 'refused';
    if (batch !== 'empty') expectSound(batch, came, isDeep);
    return 'taken';
  }
}
