import { FatalError, RetryableError, type Middleware } from 'breakwater';

/** A service that handlers call does not answer now. */
export class ServiceUnavailableError extends Error {}

/** A service that handlers call will never answer again. */
export class ContractEndedError extends Error {}

/** Says what the errors of the services mean: try again later, or never. Others stay what they are. */
export const translateErrors: Middleware = async (_event, _context, next) => {
  try {
    return await next();
  } catch (error) {
    if (error instanceof ServiceUnavailableError) throw new RetryableError(error.message, { cause: error });
    if (error instanceof ContractEndedError) throw new FatalError(error.message, { cause: error });
    throw error;
  }
};
