import type * as parquetModule from 'hyparquet-writer';
import { StorageError } from '../../streams/event/errors.ts';

// In a file of its own, so that the types of an optional package are in no declaration that all users load.

/** The package that writes Parquet. */
export type ParquetModule = typeof parquetModule;

/** Loads the package that writes Parquet. @throws StorageError that says what to install */
export async function loadParquet(): Promise<ParquetModule> {
  try {
    return await import('hyparquet-writer');
  } catch (error) {
    throw new StorageError(
      'to write Parquet, install the package hyparquet-writer: npm install hyparquet-writer',
      {
        cause: error,
      },
    );
  }
}
