// Express 4, for which the types of Express 5 will do.
declare module "express4" {
  import express from "express";
  // eslint-disable-next-line import-x/no-default-export -- it is how Express is published
  export default express;
}
