/** The one list of all machines. Whoever shows, checks or replays them begins here. */
import { branchMachine } from './branch.js';
import { breakerMachine } from './breaker.js';
import { channelMachine } from './channel.js';
import { connectionMachine } from './connection.js';
import { deadlineMachine } from './deadline.js';
import { deliveryMachine } from './delivery.js';
import { hostMachine } from './host.js';
import { poolMachine } from './pool.js';
import { queueMachine } from './queue.js';
import { storeMachine } from './store.js';
import { supervisorMachine } from './supervisor.js';
import { tasksMachine } from './tasks.js';

export const catalogue = {
  branch: branchMachine,
  breaker: breakerMachine,
  channel: channelMachine,
  connection: connectionMachine,
  deadline: deadlineMachine,
  delivery: deliveryMachine,
  host: hostMachine,
  pool: poolMachine,
  queue: queueMachine,
  store: storeMachine,
  supervisor: supervisorMachine,
  tasks: tasksMachine,
} as const;

export type MachineName = keyof typeof catalogue;
