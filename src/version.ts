/** The package's version; a test holds it equal to package.json (which is not read at run time: a bundle has no such file). */
export const version = '0.1.0'
