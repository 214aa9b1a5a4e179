import { type ExportResult, ExportResultCode } from '@opentelemetry/core';

/** Tells an SDK exporter's caller how a delivery ended, when it has ended. */
export function report(delivery: Promise<void>, tell: (result: ExportResult) => void): void {
  delivery.then(
    () => tell({ code: ExportResultCode.SUCCESS }),
    (error: unknown) =>
      tell({ code: ExportResultCode.FAILED, error: error instanceof Error ? error : new Error(String(error)) }),
  );
}
