import "reflect-metadata";
import type { IncomingMessage, ServerResponse } from "node:http";
import { All, Controller, Get, Module, Param, Req, Res } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { toNodeHandler } from "calbridge/node";
import { accountsOf, calendar } from "./calendar.js";

const handle = toNodeHandler((request: Request) => calendar().handle(request));

// A controller, so that the application's guards and interceptors apply.
@Controller("api/cal")
class CalendarController {
  @All("*path")
  handle(@Req() request: IncomingMessage, @Res() response: ServerResponse) {
    return handle(request, response);
  }
}

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

@Module({ controllers: [CalendarController, PageController] })
class AppModule {}

const app = await NestFactory.create(AppModule);
app.setGlobalPrefix("shop");
await app.listen(Number(process.env["PORT"]), "127.0.0.1");
