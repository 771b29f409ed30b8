/** The tables of the checkpointer's first version as it made them, with a run in them as it wrote it. */
export const firstTables = `
  CREATE TABLE checkpoint_schema (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     version INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE checkpoints (
     thread_id TEXT NOT NULL,
     checkpoint_ns TEXT NOT NULL,
     checkpoint_id TEXT NOT NULL,
     parent_checkpoint_id TEXT,
     body TEXT NOT NULL,
     metadata TEXT NOT NULL,
     PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE checkpoint_values (
     thread_id TEXT NOT NULL,
     checkpoint_ns TEXT NOT NULL,
     channel TEXT NOT NULL,
     version TEXT NOT NULL,
     chunk INTEGER NOT NULL,
     kind TEXT NOT NULL,
     body TEXT NOT NULL,
     PRIMARY KEY (thread_id, checkpoint_ns, channel, version, chunk)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE checkpoint_items (
     thread_id TEXT NOT NULL,
     checkpoint_ns TEXT NOT NULL,
     channel TEXT NOT NULL,
     item INTEGER NOT NULL,
     chunk INTEGER NOT NULL,
     body TEXT NOT NULL,
     PRIMARY KEY (thread_id, checkpoint_ns, channel, item, chunk)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE checkpoint_writes (
     thread_id TEXT NOT NULL,
     checkpoint_ns TEXT NOT NULL,
     checkpoint_id TEXT NOT NULL,
     task_path TEXT NOT NULL,
     task_id TEXT NOT NULL,
     write_index INTEGER NOT NULL,
     chunk INTEGER NOT NULL,
     channel TEXT NOT NULL,
     body TEXT NOT NULL,
     PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, write_index, chunk)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE checkpoint_attempts (
     thread_id TEXT NOT NULL,
     attempt INTEGER NOT NULL,
     after_step INTEGER NOT NULL,
     PRIMARY KEY (thread_id, attempt)
   ) STRICT, WITHOUT ROWID;
  INSERT INTO checkpoint_schema VALUES (1, 1);
  INSERT INTO checkpoints VALUES
    ('run_1', '', 'step-1', NULL, '{"v":4,"id":"step-1","channel_versions":{"messages":1.5}}',
      '[["source","input"]]'),
    ('run_1', '', 'step-2', 'step-1',
      '{"v":4,"id":"step-2","channel_versions":{"messages":2.5,"a b":1.25}}',
      '[["source","loop"],["step",1],["parents",{}]]');
  INSERT INTO checkpoint_values VALUES
    ('run_1', '', 'messages', '1.5', 0, 'list', '[[0,1]]'),
    ('run_1', '', 'messages', '2.5', 0, 'list', '[[0,2]]'),
    ('run_1', '', 'a b', '1.25', 0, 'value', '"both '),
    ('run_1', '', 'a b', '1.25', 1, 'value', 'halves"');
  INSERT INTO checkpoint_items VALUES
    ('run_1', '', 'messages', 0, 0, '{"$rl":["message",["human",{"id":"m1","content":"one","additional_kwargs":{},"response_metadata":{}}]]}'),
    ('run_1', '', 'messages', 1, 0, '{"$rl":["message",["human",{"id":"m2","content":"two","additional_kwargs":{},"response_metadata":{}}]]}');
  INSERT INTO checkpoint_writes VALUES
    ('run_1', '', 'step-2', 'z', 'task-a', -4, 0, '__resume__', '["yes"]'),
    ('run_1', '', 'step-2', 'z', 'task-a', -3, 0, '__interrupt__', '[{"id":"question"}]'),
    ('run_1', '', 'step-2', 'z', 'task-a', 0, 0, 'messages', '"from a"'),
    ('run_1', '', 'step-2', 'a', 'task-b', 0, 0, 'messages', '"from b"');
  INSERT INTO checkpoint_attempts VALUES ('run_1', 1, 0);`;
