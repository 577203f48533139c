"""The kinds of question, one module each: frozen input, `build()` a Statement, `decode()` by column name. No I/O."""
