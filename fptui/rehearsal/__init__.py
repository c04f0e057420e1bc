"""The rehearsal: a small honest trainer with musubi-tuner's FramePack options, files and log lines, for a CPU.

It imports nothing of the rest of fptui. What can be seen from outside is as with musubi-tuner 0.3.4: options and
config files, the data set's arithmetic, cache and checkpoint names, log lines and their streams, TensorBoard events,
the counters that restart on a resume, no signal handling. What it trains is a tiny network (`network.py`) on the
pictures of the data set. Nothing is ever uploaded, and no option that saves GPU memory has an effect.

Programs, each for `python -m`: `fptui.rehearsal.launch` (as `accelerate launch`),
`fptui.rehearsal.fpack_cache_latents`, `fptui.rehearsal.fpack_cache_text_encoder_outputs`,
`fptui.rehearsal.fpack_train_network`.

Switches in the environment, for trying out what one hopes not to see:

`FPTUI_REHEARSAL_STEP_SECONDS`   a step takes at least this long
`FPTUI_REHEARSAL_SAMPLE_PAUSE`   the pause before a sample is decoded, 5 s in the real trainer; default 0
`FPTUI_REHEARSAL_SAVE_SECONDS`   a checkpoint, and a state, each takes this much longer, cut short meanwhile
`FPTUI_REHEARSAL_FAIL`           `out-of-memory@12`, `crash@7`: fails in that step; `nan@30`: the loss is NaN from then
"""
