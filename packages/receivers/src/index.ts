export { type ObservableReceiverOptions, observableReceiver } from './observable/observable.js';
export { type GrpcDoorOptions, type HttpDoorOptions, type OtlpReceiverOptions, otlpReceiver } from './otlp/otlp.js';
export { type OtlpFileReceiverOptions, otlpFileReceiver } from './otlp-file/otlp-file.js';
