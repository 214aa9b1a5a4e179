import type { Signal } from '@otelier/core';
import { FuzzedDoor } from '../door.js';
import { mutateBytes } from '../mutate.js';
import { mutateFields } from '../mutate-protobuf.js';
import { expectSound } from '../oracle.js';
import type { Random } from '../random.js';
import { requestSeeds } from '../seeds.js';
import type { Target, Verdict } from '../target.js';

/** Protobuf bodies of one signal. */
export class ProtobufTarget implements Target {
  readonly name: string;
  readonly share: number = 14;
  private readonly signal: Signal;
  private readonly door: FuzzedDoor = new FuzzedDoor();

  constructor(signal: Signal) {
    this.signal = signal;
    this.name = `protobuf ${signal}`;
  }

  seeds(random: Random): Buffer[] {
    return requestSeeds(this.signal, 'pb', random);
  }

  mutate(input: Buffer, other: Buffer, random: Random): Buffer {
    switch (random.below(4)) {
      case 0:
        return mutateBytes(input, other, random);
      case 1:
        return mutateBytes(mutateFields(this.signal, input, random), other, random);
      default:
        return mutateFields(this.signal, input, random);
    }
  }

  run(input: Buffer, isDeep: boolean): Verdict {
    const came = Buffer.from(input);
    const batch = this.door.receive(this.signal, input, 'protobuf');
    if (batch === undefined) return 'refused';
    if (batch !== 'empty') expectSound(batch, came, isDeep);
    return 'taken';
  }
}
