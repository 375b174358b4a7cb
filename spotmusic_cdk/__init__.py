"""The Spotmusic application: settings, composition root, pinned versions, compliance and the embedded AWS."""
