"""The Asterisk modules we load and why: the least that carries calls, ARI, recording and the fallback."""

from __future__ import annotations

_TIMING_AND_DIALPLAN = ("res_timing_timerfd", "pbx_config")
_ARI = (
    "res_http_websocket",
    "res_websocket_client",
    "res_stasis",
    "res_stasis_answer",
    "res_stasis_playback",
    "res_stasis_recording",
    "res_stasis_snoop",
    "res_stasis_device_state",
    "res_ari_model",
    "res_ari",
    "res_ari_applications",
    "res_ari_asterisk",
    "res_ari_bridges",
    "res_ari_channels",
    "res_ari_device_states",
    "res_ari_endpoints",
    "res_ari_events",
    "res_ari_playbacks",
    "res_ari_recordings",
    "res_ari_sounds",
    "app_stasis",
    "res_stasis_broadcast",
    "app_stasis_broadcast",
)
_SOUND = (
    "bridge_simple",
    "bridge_softmix",
    "bridge_holding",
    "chan_bridge_media",
    "codec_alaw",
    "codec_ulaw",
    "codec_a_mu",
    "codec_resample",  # whoever asks for more than 8 kHz can still be played 8 kHz files
    "format_pcm",  # .alaw and .ulaw
    "format_wav",
    "format_sln",
    "res_musiconhold",
)
_SIP = (
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_session",
    "res_pjsip_pubsub",  # chan_pjsip does not load without it; nothing can be subscribed to
    "res_pjsip_sdp_rtp",
    "res_rtp_asterisk",
    "chan_pjsip",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_authenticator_digest",
    "res_pjsip_registrar",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_registration",
    "res_pjsip_caller_id",
    "res_pjsip_nat",
    "res_pjsip_header_funcs",  # asks a phone to pick up by itself
    "res_pjsip_acl",
    "res_pjsip_rfc3326",  # "answered elsewhere": a phone that rang with others shows no missed call
    "res_pjsip_dtmf_info",
    "res_pjsip_refer",
)
_APPLICATIONS = (
    "app_dial",
    "app_playback",
    "app_record",
    "app_mixmonitor",
    "app_verbose",
    "func_callerid",
    "func_channel",
    "func_cut",
    "func_holdintercept",
    "func_logic",
    "func_pjsip_endpoint",
    "func_strings",
    "func_talkdetect",
    "func_timeout",
)
REQUIRED = (*_TIMING_AND_DIALPLAN, *_ARI, *_SOUND, *_SIP, *_APPLICATIONS)
"""Asterisk does not start without them."""
OPTIONAL = (
    "bridge_builtin_features",
    "bridge_native_rtp",
    "func_hangupcause",
    "res_crypto",
    "res_srtp",
    "res_speech",  # res_agi does not load without it
    "res_agi",
    "res_pjsip_maintenance",  # lets phones finish while no new call comes in
    "res_pjsip_transport_websocket",
    "res_pjsip_empty_info",
    "res_security_log",
)
BENCH = ("app_queue",)
