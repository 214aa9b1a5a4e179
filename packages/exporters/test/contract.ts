import { type Exporter, PipelineError, type Signal } from '@otelier/core';
import { exporterContract, memoryExporter } from '@otelier/testing';

/** Checks that an exporter around another keeps the contract of exporters; see {@link exporterContract}. */
export async function wrapperContract(wrap: (inner: Exporter<Signal>) => Exporter<Signal>): Promise<void> {
  await exporterContract(() => {
    const inner = memoryExporter();
    let release = (): void => {};
    return {
      exporter: wrap(inner) as Exporter<never>,
      answer(how) {
        release();
        release = how === 'wait' ? inner.hold() : () => {};
        if (how === 'unavailable') inner.refuse(1);
        if (how === 'reject') inner.refuse(1, new PipelineError('rejected', 'no'));
      },
      taken: () => inner.received.logs.length + inner.received.metrics.length,
    };
  });
}
