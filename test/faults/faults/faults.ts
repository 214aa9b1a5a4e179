import type { Fault } from '../fault.js';
import { backendDown } from './backend-down.js';
import { busy } from './busy.js';
import { clock } from './clock.js';
import { damage } from './damage.js';
import { descriptors } from './descriptors.js';
import { directoryGone } from './directory-gone.js';
import { disconnects } from './disconnects.js';
import { diskFull } from './disk-full.js';
import { fileDiskFull } from './file-disk-full.js';
import { flapping } from './flapping.js';
import { kill } from './kill.js';
import { grpcFaults } from './over-grpc.js';
import { partialSuccess } from './partial-success.js';
import { reload } from './reload.js';
import { reset } from './reset.js';
import { rotation } from './rotation.js';
import { slow } from './slow.js';
import { turnedAway } from './turned-away.js';

/** All of them. To add one, copy a file. */
export const faults: readonly Fault[] = [
  ...[kill, reload, rotation, damage, diskFull, fileDiskFull, directoryGone, descriptors, clock],
  ...[backendDown, flapping, slow, busy, turnedAway, reset, partialSuccess, disconnects],
  ...grpcFaults,
];
