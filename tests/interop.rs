//! Foreign clients against the emulator program.
