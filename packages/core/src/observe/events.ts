/** Where a collector is in its life. */
export type CollectorState = 'created' | 'starting' | 'running' | 'draining' | 'stopped';

/** Something that happened in a collector. `component` is the id of the component that it happened to. */
export type CollectorEvent =
  | { readonly type: 'started'; readonly component: string }
  | { readonly type: 'refused'; readonly component: string; readonly count: number; readonly reason: string }
  | { readonly type: 'dropped'; readonly component: string; readonly count: number; readonly reason: string }
  /** An operator failed and began anew. */
  | { readonly type: 'restarted'; readonly component: string; readonly reason: string }
  /** A component failed outside of any batch, such as a file that could not be read to its end. */
  | { readonly type: 'failed'; readonly component: string; readonly reason: string }
  | { readonly type: 'reloaded' };
