import { consoleExporter, definePipelines, env, otlpReceiver } from 'otelier';
import { dropBelow } from './drop-below.js';
import { mergeWindow } from './merge-window.js';
import { splitLarge } from './split-large.js';
import { teamFromHeader } from './team-from-header.js';

const doors = otlpReceiver({
  grpc: env('OTELIER_GRPC', '127.0.0.1:4317'),
  http: env('OTELIER_HTTP', '127.0.0.1:4318'),
});

export default definePipelines({
  logs: {
    events: {
      receivers: [doors],
      processors: [teamFromHeader('x-team'), dropBelow(9), mergeWindow(1000), splitLarge(500)],
      exporters: [consoleExporter()],
    },
  },
});
