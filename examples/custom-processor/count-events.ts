import { type Processor, StateMap, stage } from 'otelier';

/**
 * A stage with state of its own: writes on every record the how-manieth of its event it is, since the first start.
 *
 * With a data directory the counts survive restarts and crashes, and a batch that is sent again counts once.
 */
export const countEvents = (): Processor<'logs'> =>
  stage(
    'count-events',
    {
      logs: (next) => {
        const counts = new StateMap<number>();
        return {
          state: counts,
          consume: (batch, flow) => {
            for (const record of batch.records()) {
              const event = String(record.attributes.get('event.name') ?? '');
              const count = (counts.get(event) ?? 0) + 1;
              counts.set(event, count);
              record.attributes.set('event.count', count);
            }
            return next(batch, flow);
          },
        };
      },
    },
    { stateful: true },
  );
