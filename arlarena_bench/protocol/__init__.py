"""How an agent and a `TextEnv` talk: the prompt, the reply, and the wrapper between them."""
