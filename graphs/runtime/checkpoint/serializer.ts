import type { BaseCheckpointSaver } from "@langchain/langgraph";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";

const encodedType = "runledger/json";

/** The checkpointer's encoding as LangGraph's serialiser. Refuses bytes of any other type, LangGraph's own included. */
export const checkpointSerializer: BaseCheckpointSaver["serde"] = {
  dumpsTyped: async (value) => [encodedType, new TextEncoder().encode(encode(value))],
  loadsTyped: async (type, data) => {
    if (type !== encodedType) throw new Error(`cannot read values of type ${type}`);
    return decode(typeof data === "string" ? data : new TextDecoder().decode(data));
  },
};
