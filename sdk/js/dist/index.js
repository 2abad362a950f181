export { Doorward } from './client.js';
export { DoorwardError, isCode } from './errors.js';
export { covers } from './scope.js';
//# sourceMappingURL=index.js.map