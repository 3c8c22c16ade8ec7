export type { Check, Remedy } from './check.ts';
export { chooseRuntime, type RuntimeChoice } from './choose-runtime.ts';
export { type ExamineOptions, examineMachine } from './examine.ts';
export {
  InstallError,
  type InstallOptions,
  installMissing,
  installPackages,
  missingPackages,
} from './install.ts';
