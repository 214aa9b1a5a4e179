import { crc32 } from 'node:zlib';
import type { AnyBatch } from '@otelier/core';
import { type Resource, resourceBytes } from '@otelier/otlp';

/** The lane of a batch with several resources: it waits for everything before it, and everything after it waits for it. */
export const allLanes = 0;

/** A number for the resource of a batch, the same for the same bytes; {@link allLanes} when it has several. */
export function laneOf(batch: AnyBatch): number {
  let lane: number | undefined;
  for (const resource of resourcesOf(batch)) {
    const bytes = resourceBytes(resource);
    const own = bytes === undefined ? allLanes : crc32(bytes) || 1;
    if (lane !== undefined && own !== lane) return allLanes;
    lane = own;
  }
  return lane ?? allLanes;
}

function* resourcesOf(batch: AnyBatch): Iterable<Resource> {
  if (batch.signal === 'logs') for (const { resource } of batch.resourceLogs) yield resource;
  else if (batch.signal === 'metrics') for (const { resource } of batch.resourceMetrics) yield resource;
  else for (const { resource } of batch.resourceSpans) yield resource;
}
