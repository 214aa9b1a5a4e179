export { type ObservableReceiverOptions, observableReceiver } from './observable/observable.js';
export {
  type Authenticate,
  type Authenticator,
  type AuthFailure,
  type AuthRequest,
  anyOf,
  type BasicOptions,
  type BearerOptions,
  basic,
  bearer,
  clientCertificate,
  type GrpcDoorOptions,
  type HttpDoorOptions,
  type JwtOptions,
  jwt,
  type LimitsOptions,
  type OtlpReceiverOptions,
  otlpReceiver,
  type ReceiverTlsOptions,
  type Tokens,
  type Verdict,
} from './otlp/otlp.js';
export { type OtlpFileReceiverOptions, otlpFileReceiver } from './otlp-file/otlp-file.js';
