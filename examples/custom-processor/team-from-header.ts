import { type Processor, processor } from 'otelier';

/** The function form on resources: works for every signal, and sees who sent the request. */
export const teamFromHeader = (header: string): Processor<'logs' | 'metrics' | 'traces'> =>
  processor('team-from-header', {
    resource(resource, flow) {
      const team = flow.peer?.headers?.[header];
      if (team !== undefined) resource.attributes.set('team.id', team);
    },
  });
