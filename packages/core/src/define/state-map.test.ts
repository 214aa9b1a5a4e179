import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combineStates, type Stateful, StateMap } from '../index.js';

type Kept = Map<string, [Uint8Array, Uint8Array]>;

const writer = (kept: Kept) => ({
  put: (key: Uint8Array, value: Uint8Array) => void kept.set(Buffer.from(key).toString('latin1'), [key, value]),
  delete: (key: Uint8Array) => void kept.delete(Buffer.from(key).toString('latin1')),
});

const restored = <T extends Stateful>(state: T, kept: Kept): T => {
  state.restore(kept.values());
  return state;
};

describe('StateMap', () => {
  test('after any changes, saves and undos, the store and a snapshot both give back what was saved', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ do: fc.constant('set' as const), key: fc.constantFrom('a', 'ü', 'c'), value: fc.integer() }),
        fc.record({ do: fc.constantFrom('delete' as const), key: fc.constantFrom('a', 'ü', 'c') }),
        fc.record({ do: fc.constantFrom('save' as const, 'undo' as const) }),
      ),
    );
    fc.assert(
      fc.property(steps, (all) => {
        const map = new StateMap<number>();
        const model = new Map<string, number>();
        let saved = new Map<string, number>();
        const kept: Kept = new Map();
        for (const step of all) {
          if (step.do === 'set') model.set(step.key, step.value) && map.set(step.key, step.value);
          else if (step.do === 'delete') expect(map.delete(step.key)).toBe(model.delete(step.key));
          else if (step.do === 'save') {
            map.save(writer(kept));
            saved = new Map(model);
          } else {
            map.undo();
            model.clear();
            for (const [key, value] of saved) model.set(key, value);
          }
          expect(new Map(map)).toEqual(model);
        }
        expect(new Map(restored(new StateMap<number>(), kept))).toEqual(saved);
        const all2: Kept = new Map();
        map.snapshot(writer(all2));
        expect(new Map(restored(new StateMap<number>(), all2))).toEqual(model);
      }),
    );
  });

  test('refuses a key that no store takes', () => {
    expect(() => new StateMap<number>().set('x'.repeat(1025), 1)).toThrow('at most 1024 bytes');
  });
});

test('combineStates keeps several pieces apart, and leaves those alone that it does not know', () => {
  const [a, b] = [new StateMap<number>(), new StateMap<string>()];
  const both = combineStates({ a, b });
  a.set('x', 1);
  b.set('x', 'one');
  const kept: Kept = new Map();
  both.save(writer(kept));
  a.set('x', 2);
  b.delete('x');
  both.undo();
  expect([a.get('x'), b.get('x')]).toEqual([1, 'one']);
  const [again, other] = [new StateMap<number>(), new StateMap<number>()];
  restored(combineStates({ a: again, c: other }), kept);
  expect([again.get('x'), other.size]).toEqual([1, 0]);
});
