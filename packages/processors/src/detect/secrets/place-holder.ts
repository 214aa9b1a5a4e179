/** Values that stand for a secret without being one: variables, templates, stars, words of documentation. */
const forms: readonly RegExp[] = [
  /^[$%]\{?[A-Za-z_]/, // $TOKEN, ${TOKEN}, %TOKEN%
  /^[<[{(]/, // <token>, [redacted], {{ token }}
  /^(?:\$\(|`)/, // $(cat file)
  /^([*xX.•#_-])\1{2,}/, // ***, xxxx, ...
  /^(?:\\?[*xX.•]){3,}$/,
  /^(?:null|nil|none|undefined|true|false|n\/a|empty|unset|todo|tbd|redacted|hidden|masked|removed|secret|password|passwd|pwd|pass|token|api[_-]?key|string|str|text|any|bool|boolean|number|int|integer|object|array|required|optional|bytes|varchar|env|default|test|example|sample|dummy|foo|bar|value|key|name|type|file|stdin|prompt|auto|manual|inherit|enabled|disabled|yes|no|on|off)$/i,
  /^(?:your|my|the|some|insert|enter|replace|change)[_-]?(?:me|this|own|real|actual|secret|api|access|auth|password|token|key|value|here)/i,
  /[_-](?:goes[_-])?here$/i,
  /^(?:process\.env|os\.environ|env\.|import\.meta|secrets\.|vars\.|config\.|self\.|this\.|args\.|opts\.|options\.|props\.|req\.|request\.|input\.)/,
  /\[?\bredacted\b\]?/i,
];

/** Whether a value only stands where a secret would. */
export function isPlaceHolder(value: string): boolean {
  return value === '' || forms.some((form) => form.test(value.slice(0, 80)));
}
