import { type FakeClock, fakeClock as standingClock } from '@otelier/testing';

export type { FakeClock };

/** A fake clock that lets what has just been called set its timers before time moves. */
export function fakeClock(): FakeClock {
  const clock = standingClock();
  const { advance } = clock;
  clock.advance = async (ms) => {
    await advance(0);
    await advance(ms);
  };
  return clock;
}
