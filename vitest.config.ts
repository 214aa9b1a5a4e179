import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const packages = fileURLToPath(new URL('./packages', import.meta.url));

/** Packages whose test files leave nothing behind in the process that runs them. */
const shared = ['core', 'exporters', 'otlp', 'processors', 'receivers', 'sdk', 'testing'].map(
  (name) => `packages/${name}/src/**/*.test.ts`,
);
const never = ['**/node_modules/**', '**/dist/**'];

/** Begins with the files that start processes: small to look at and long to run, they would be what everybody waits for at the end. */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isSlow = ({ moduleId }: TestSpecification) =>
      /\/test\/(faults|totals|overload)\/|\/(kill|linear|drill)\.test\./.test(moduleId);
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}

export default defineConfig({
  resolve: {
    // Tests read the sources, so that a test run needs no build of its own.
    alias: [
      { find: /^otelier$/, replacement: `${packages}/otelier/src/index.ts` },
      { find: /^@otelier\/([a-z]+)$/, replacement: `${packages}/$1/src/index.ts` },
      { find: /^@otelier\/([a-z]+)\/([a-z-]+)$/, replacement: `${packages}/$1/src/$2/$2.ts` },
    ],
  },
  test: {
    projects: [
      // Their files share a worker's modules: to load these anew for each took a fifth of all time.
      { extends: true, test: { name: 'shared', include: shared, exclude: never, isolate: false } },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ['packages/*/src/**/*.test.ts', 'examples/*/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...never, ...shared],
        },
      },
    ],
    testTimeout: 20_000,
    // One worker per core: the default keeps one core back, which halves a machine of two.
    maxWorkers: '100%',
    sequence: { sequencer: SlowFirst },
  },
});
