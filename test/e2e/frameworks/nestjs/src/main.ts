import "reflect-metadata";
import { Controller, Get, Module, Param } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { toNodeHandler } from "calbridge/node";
import { accountsOf, calendar } from "./calendar.js";

@Controller()
class PageController {
  @Get("settings")
  settings() {
    return "<h1>Settings</h1>";
  }

  @Get("accounts/:user")
  async accounts(@Param("user") user: string) {
    return `Accounts: ${await accountsOf(user)}`;
  }
}

@Module({ controllers: [PageController] })
class AppModule {}

const app = await NestFactory.create(AppModule);
app.setGlobalPrefix("shop");
app.use(
  "/shop/api/cal",
  toNodeHandler((request: Request) => calendar().handle(request)),
);
await app.listen(Number(process.env["PORT"]), "127.0.0.1");
